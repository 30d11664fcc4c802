"""References: random, with a check character that finds slips of the finger."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import access
from cases.access import NotFound
from cases.permissions import Permission
from cases.references import (
    CHECK_ALPHABET,
    PATTERN,
    RANDOM_ALPHABET,
    check_character,
    new_reference,
    normalised,
)
from tests.support.casework import Casework

bodies = st.text(RANDOM_ALPHABET, min_size=8, max_size=8)
SAME = {"O": "0", "I": "1", "L": "1"}


def printed(body: str) -> str:
    return f"{body[:4]}-{body[4:]}-{check_character(body)}"


def test_the_check_character_is_iso_7064_mod_37_36() -> None:
    """The Global Release Identifier of the standard's own guide: A1-2425G-ABC1234002-M."""
    assert check_character("A12425GABC1234002") == "M"


def test_a_reference_is_random_and_has_its_printed_form() -> None:
    made = {new_reference() for _ in range(2000)}
    assert len(made) == 2000
    for reference in made:
        assert re.fullmatch(PATTERN, reference)
        assert normalised(reference) == reference
    # Every character of the alphabet turns up in every place: nothing counts, nothing is left out.
    for place in (0, 1, 2, 3, 5, 6, 7, 8):
        assert {reference[place] for reference in made} == set(RANDOM_ALPHABET)


@given(bodies)
def test_every_wrong_character_is_found(body: str) -> None:
    """All substitutions of one character, the check character's included."""
    reference = printed(body)
    for place in (index for index, character in enumerate(reference) if character != "-"):
        for wrong in set(CHECK_ALPHABET) - {reference[place]}:
            typed = reference[:place] + wrong + reference[place + 1 :]
            # O is read as 0, I and L as 1, since these are never printed in a body.
            meant = place < 9 and SAME.get(wrong) == reference[place]
            assert normalised(typed) == (reference if meant else None)


def test_nearly_every_swap_of_neighbours_is_found() -> None:
    missed = tried = 0
    for first in RANDOM_ALPHABET:
        for second in RANDOM_ALPHABET:
            if first != second:
                tried += 1
                missed += check_character(f"000{first}{second}000") == check_character(
                    f"000{second}{first}000"
                )
    assert missed / tried < 0.01


@given(bodies)
def test_a_reference_may_be_typed_as_people_type(body: str) -> None:
    reference = printed(body)
    for typed in (
        reference.lower(),
        reference.replace("-", ""),
        f"  {reference} ",
        " ".join(reference),
    ):
        assert normalised(typed) == reference


@given(st.text(max_size=20))
def test_anything_else_is_no_reference(text: str) -> None:
    found = normalised(text)
    assert found is None or re.fullmatch(PATTERN, found)


@pytest.mark.parametrize("text", ["", "-", "0" * 8, "0" * 10, "UUUU-UUUU-U", "７K3M-Q2XR-K"])
def test_what_has_the_wrong_shape_is_no_reference(text: str) -> None:
    assert normalised(text) is None


def test_the_door_takes_the_printed_form_alone(casework: Casework) -> None:
    """One case, one address: what is typed is put right by the search, not by the door."""
    reference = casework.case.reference
    assert access.case_for(casework.lead, reference, Permission.READ).case == casework.case
    for typed in (reference.lower(), reference.replace("-", ""), f" {reference}", reference[:-1], ""):
        with pytest.raises(NotFound):
            access.case_for(casework.lead, typed, Permission.READ)
