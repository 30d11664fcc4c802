"""Prices from a file: all or nothing, every bad line by its number, and nothing that a spreadsheet would run."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from wallets import blobs
from wallets.models import Price, PriceBatch
from wallets.prices import BadFile, Quote, import_prices, read_prices
from wallets.prices.files import MAX_BYTES, MAX_LINES

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HEADING = "key,currency,price,at,source"
GOOD = "BTC,USD,27123.456789012345678901,2023-05-24T10:00:00Z,Exchange ledger"


def file_of(*lines: str, heading: str = HEADING, newline: str = "\n") -> bytes:
    return (newline.join([heading, *lines]) + newline).encode()


def bad_lines(content: bytes) -> list[tuple[int, str]]:
    with pytest.raises(BadFile) as refused:
        read_prices(content, at=NOW)
    return [(bad.line, str(bad.reason)) for bad in refused.value.lines]


def take(content: bytes, **kwargs: Any) -> Any:
    return import_prices(content, name="prices.csv", brought_by="Ines", at=NOW, **kwargs)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_file_is_read_to_the_last_digit(newline: str, start: str) -> None:
    line = "eth,usd,1800.000000000000000001,2023-05-24T12:00:00.5+02:00,Kim & Sons"
    file = read_prices(start.encode() + file_of(line, "", newline=newline), at=NOW)
    assert file.quotes == (
        Quote(
            "ETH",
            "USD",
            Decimal("1800.000000000000000001"),
            datetime(2023, 5, 24, 10, 0, 0, 500_000, tzinfo=UTC),
            "Kim & Sons",
        ),
    )
    assert file.lines == (2,)


def test_a_cell_in_quotation_marks_may_hold_a_comma() -> None:
    file = read_prices(file_of('BTC,USD,1,2023-05-24T10:00Z,"Ledger, ""A"""'), at=NOW)
    assert file.quotes[0].source == 'Ledger, "A"'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("BTC,USD,1", "There are 3 columns here, not 5."),
        (GOOD + ",more", "There are 6 columns here, not 5."),
        (",USD,1,2023-05-24T10:00:00Z,s", "not an asset's price key"),
        ("B C,USD,1,2023-05-24T10:00:00Z,s", "not an asset's price key"),
        ("BTC,EUR,1,2023-05-24T10:00:00Z,s", "USD / BRL only"),
        ("BTC,,1,2023-05-24T10:00:00Z,s", "USD / BRL only"),
        ("BTC,USD,,2023-05-24T10:00:00Z,s", "not written in digits"),
        ("BTC,USD,0,2023-05-24T10:00:00Z,s", "more than zero"),
        ("BTC,USD,0.000,2023-05-24T10:00:00Z,s", "more than zero"),
        ("BTC,USD,-1,2023-05-24T10:00:00Z,s", "more than zero"),
        ("BTC,USD,−1,2023-05-24T10:00:00Z,s", "more than zero"),
        ("BTC,USD,+1,2023-05-24T10:00:00Z,s", "like a formula"),
        ('BTC,USD,"1,500",2023-05-24T10:00:00Z,s', "no comma"),
        ("BTC,USD,1 500,2023-05-24T10:00:00Z,s", "not written in digits"),
        ("BTC,USD,1e3,2023-05-24T10:00:00Z,s", "not written in digits"),
        ("BTC,USD,.5,2023-05-24T10:00:00Z,s", "not written in digits"),
        ("BTC,USD,NaN,2023-05-24T10:00:00Z,s", "not written in digits"),
        ("BTC,USD,٣,2023-05-24T10:00:00Z,s", "not written in digits"),
        ("BTC,USD,1000000000000,2023-05-24T10:00:00Z,s", "slip in the decimal point"),
        ("BTC,USD,0.0000000000000000001,2023-05-24T10:00:00Z,s", "at most 18 decimals"),
        ("BTC,USD,1,2023-05-24T10:00:00,s", "must say its zone"),
        ("BTC,USD,1,2023-05-24,s", "ISO 8601"),
        ("BTC,USD,1,24/05/2023 10:00Z,s", "ISO 8601"),
        ("BTC,USD,1,2023-02-29T10:00:00Z,s", "There is no such time."),
        ("BTC,USD,1,2023-05-24T25:00:00Z,s", "There is no such time."),
        ("BTC,USD,1,2026-03-02T12:00:01Z,s", "lies in the future"),
        ("BTC,USD,1,2008-05-24T10:00:00Z,s", "before 3 January 2009"),
        ("BTC,USD,1,2023-05-24T10:00:00Z,", "Name the source"),
        ("BTC,USD,1,2023-05-24T10:00:00Z," + "s" * 121, "Name the source"),
        ("BTC,USD,1,2023-05-24T10:00:00Z," + "s" * 201, "longer than 200"),
        ("BTC,USD,1,2023-05-24T10:00:00Z,=HYPERLINK(1)", "like a formula"),
        ("BTC,USD,1,2023-05-24T10:00:00Z, =1+1", "like a formula"),
        ("BTC,USD,1,2023-05-24T10:00:00Z,@SUM(1)", "like a formula"),
        ("=BTC,USD,1,2023-05-24T10:00:00Z,s", "like a formula"),
        ("-BTC,USD,1,2023-05-24T10:00:00Z,s", "like a formula"),
        ("BTC,USD,1,2023-05-24T10:00:00Z,a\tb", "control character"),
        ('BTC,USD,1,2023-05-24T10:00:00Z,"a\nb"', "control character"),
        ("BTC,USD,1,2023-05-24T10:00:00Z,a\u202eb", "control character"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(line: str, reason: str) -> None:
    ((number, words),) = bad_lines(file_of(GOOD, line))
    assert number == 3
    assert reason in words


def test_every_bad_line_is_named() -> None:
    content = file_of("BTC,EUR,1,2023-05-24T10:00:00Z,s", GOOD, "", "x", GOOD.replace("27", "28"), "y,z")
    assert [number for number, _words in bad_lines(content)] == [2, 5, 6, 7]
    assert "Line 3 says another price" in dict(bad_lines(content))[6]


def test_a_line_is_counted_where_its_record_begins() -> None:
    content = file_of('BTC,USD,1,2023-05-24T10:00:00Z,"a\nb\nc"', "BTC,USD,0,2023-05-24T10:00:00Z,s")
    assert [number for number, _words in bad_lines(content)] == [2, 5]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"", 1, "holds no prices"),
        (b"\n\n", 1, "holds no prices"),
        (file_of(), 1, "holds no prices"),
        (file_of(GOOD, heading="key;currency;price;at;source"), 1, "The first line must be"),
        (GOOD.encode(), 1, "The first line must be"),
        (
            file_of(GOOD, "BTC,USD,1,2023-05-24T10:00:00Z,Caf\u00e9").replace("é".encode(), b"\xe9"),
            3,
            "not UTF-8",
        ),
        (b"\xff\xfe" + HEADING.encode("utf-16-le"), 1, "not UTF-8"),
        (file_of(GOOD, "a\x00b"), 3, "null character"),
        (file_of('BTC,USD,1,2023-05-24T10:00:00Z,"s', GOOD), 2, "not CSV"),
        (file_of('BTC,USD,1,2023-05-24T10:00:00Z,"s"x', GOOD), 2, "not CSV"),
        (file_of(*[GOOD] * (MAX_LINES + 1)), MAX_LINES + 2, "more than 20,000"),
        (b"x" * (MAX_BYTES + 1), 1, "larger than 2 MB"),
    ],
    ids=range(12),
)
def test_a_file_that_is_none_is_refused(content: bytes, line: int, reason: str) -> None:
    found = bad_lines(content)
    assert found[-1][0] == line
    assert reason in found[-1][1]


@pytest.mark.django_db
def test_a_file_is_stored_whole_and_with_who_brought_it() -> None:
    content = file_of(GOOD, GOOD, GOOD.replace("BTC", "ETH"))
    done = take(content)
    assert (len(done.recorded.added), done.repeated, done.known) == (2, (3,), ())
    batch = PriceBatch.objects.get()
    assert (batch.kind, batch.name, batch.brought_by) == ("file", "prices.csv", "Ines")
    assert blobs.get(batch.body_id) == content
    assert {row.price for row in Price.objects.filter(batch=batch)} == {Decimal("27123.456789012345678901")}


@pytest.mark.django_db
def test_nothing_of_a_file_with_one_bad_line_is_stored() -> None:
    with pytest.raises(BadFile):
        take(file_of(GOOD, "BTC,USD,0,2023-05-24T11:00:00Z,s"))
    assert (Price.objects.count(), PriceBatch.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_the_same_file_again_adds_nothing_and_says_so() -> None:
    take(file_of(GOOD))
    again = take(file_of(GOOD))
    assert (again.recorded.batch, again.known) == (None, (2,))
    assert Price.objects.count() == 1


@pytest.mark.django_db
def test_another_price_than_the_records_is_a_bad_line_unless_it_is_a_correction() -> None:
    take(file_of(GOOD))
    content = file_of(GOOD.replace("BTC", "ETH"), GOOD.replace("27123", "27124"))
    with pytest.raises(BadFile) as refused:
        take(content)
    (bad,) = refused.value.lines
    assert str(bad) == (
        "Line 3: Exchange ledger is on record with 27123.456789012345678901 USD for this moment."
    )
    assert Price.objects.count() == 1
    done = take(content, corrections=True)
    assert (len(done.recorded.added), len(done.recorded.corrected)) == (1, 1)
    assert Price.objects.filter(key="BTC").latest("pk").revision == 1


@pytest.mark.django_db
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(file_of(GOOD, GOOD))
    call_command("import_prices", path)
    said = capsys.readouterr().out
    assert "1 prices added, 0 corrected." in said
    assert "said twice in the file: lines 3" in said
    call_command("import_prices", path)
    assert "on record already: lines 2" in capsys.readouterr().out
    assert PriceBatch.objects.get().brought_by.endswith(" (command line)")
    path.write_bytes(file_of("x", GOOD.replace("27123", "5")))
    with pytest.raises(CommandError, match=r"Nothing was taken[\s\S]*Line 2: There are 1 columns"):
        call_command("import_prices", path)
    path.write_bytes(file_of(GOOD.replace("27123", "5")))
    with pytest.raises(CommandError, match="Line 2: Exchange ledger is on record"):
        call_command("import_prices", path)
    call_command("import_prices", path, corrections=True)
    assert Price.objects.count() == 2
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_prices", tmp_path / "none.csv")
