"""Amounts: exact both ways, to the last unit."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallets.amounts import LARGEST, AmountError, to_base_units, to_text

base_units = st.integers(min_value=0, max_value=LARGEST)
decimals = st.integers(min_value=0, max_value=77)


@given(base_units, decimals, st.booleans())
def test_text_and_back_is_the_same_integer(amount: int, places: int, group: bool) -> None:
    assert to_base_units(to_text(amount, places, group=group), places) == amount


@given(base_units, decimals)
def test_text_is_the_decimal_number(amount: int, places: int) -> None:
    text = to_text(amount, places)
    with localcontext(prec=200):
        assert Decimal(text).scaleb(places) == amount
    assert not ("." in text and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("amount", "places", "text", "grouped"),
    [
        (0, 18, "0", "0"),
        (1, 18, "0.000000000000000001", "0.000000000000000001"),
        (1_500_000, 6, "1.5", "1.5"),
        (123_456_789_000_000, 6, "123456789", "123\u202f456\u202f789"),
        (2_100_000_000_000_000, 8, "21000000", "21\u202f000\u202f000"),
        (100, 0, "100", "100"),
        (-1_234_567_890, 6, "-1234.56789", "-1\u202f234.56789"),
        (
            2**256 - 1,
            18,
            "115792089237316195423570985008687907853269984665640564039457.584007913129639935",
            "115\u202f792\u202f089\u202f237\u202f316\u202f195\u202f423\u202f570\u202f985\u202f008\u202f687\u202f907"
            "\u202f853\u202f269\u202f984\u202f665\u202f640\u202f564\u202f039\u202f457.584007913129639935",
        ),
    ],
)
def test_known_texts(amount: int, places: int, text: str, grouped: str) -> None:
    assert to_text(amount, places) == text
    assert to_text(amount, places, group=True) == grouped


@pytest.mark.parametrize(
    ("text", "places", "reason"),
    [
        ("", 6, "empty"),
        ("  ", 6, "empty"),
        ("-1", 6, "negative"),
        ("−1", 6, "negative"),
        ("1,500", 6, "comma"),
        ("1.500,25", 6, "comma"),
        ("1e6", 6, "not_a_number"),
        ("0x10", 6, "not_a_number"),
        (".5", 6, "not_a_number"),
        ("5.", 6, "not_a_number"),
        ("1 50", 6, "not_a_number"),
        ("1.5.0", 6, "not_a_number"),
        ("NaN", 6, "not_a_number"),
        ("+1", 6, "not_a_number"),
        ("١٢", 6, "not_a_number"),  # digits of another script
        ("1.0000001", 6, "too_many_decimals"),
        ("0.1", 0, "too_many_decimals"),
        ("1" + "0" * 78, 0, "too_large"),
        ("9" * 300, 0, "too_large"),
    ],
)
def test_refusal_names_its_reason(text: str, places: int, reason: str) -> None:
    with pytest.raises(AmountError) as refusal:
        to_base_units(text, places)
    assert refusal.value.reason_code == reason
    assert str(refusal.value.message)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1.50", 1_500_000), ("1 500.25", 1_500_250_000), ("0001", 1_000_000), (" 2 ", 2_000_000)],
)
def test_usual_ways_to_write(text: str, amount: int) -> None:
    assert to_base_units(text, 6) == amount


@given(st.text(max_size=40), decimals)
def test_any_text_is_an_amount_or_refused(text: str, places: int) -> None:
    try:
        assert 0 <= to_base_units(text, places) <= LARGEST
    except AmountError as refusal:
        assert str(refusal.message)
