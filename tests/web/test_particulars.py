"""What identifies a subject: written sealed, shown masked, found by its exact value, in full only to who is told of."""

import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from cases.actions.keys import rotate_sealing_key
from cases.audit.models import Event
from cases.models import Particular, ParticularIndex
from cases.people.models import User
from cases.queries.particulars import bound_to, masked
from cases.sealing.envelope import CannotUnseal, unseal
from tests.api.conftest import program_of
from tests.support.casework import Casework, moment

CANARY = "QZ 7741-9920-CANARY"
FOLDED = "qz77419920canary"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def write(casework: Casework, user: User | None = None, **values: str) -> Any:
    data = {"kind": "passport", "value": CANARY, "country": "kp", "source": "Copy of the passport"} | values
    url = reverse("particular-create", args=[casework.case.reference, 1])
    return browser(user or casework.lead).post(url, data)


def page_of(casework: Casework, user: User) -> str:
    url = reverse("subject-detail", args=[casework.case.reference, 1])
    return str(browser(user).get(url).content.decode())


def everything_stored() -> str:
    """Every text and every sequence of bytes in every table of the database, as one text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND data_type IN ('text', 'character varying', 'bytea', 'json', 'jsonb', 'ARRAY')"
        )
        found = []
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL')
            for (value,) in cursor.fetchall():
                found.append(
                    bytes(value).decode("latin-1")
                    if isinstance(value, bytes | memoryview | bytearray)
                    else str(value)
                )
    return "\n".join(found)


def test_a_number_is_nowhere_in_the_clear(casework: Casework, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    casework.subject()
    assert write(casework).status_code == 303
    client = browser(casework.lead)
    saved = client.post(reverse("search"), {"q": CANARY})
    assert "Kim Example" in client.get(saved.url).content.decode()
    number = Particular.objects.get().number
    client.post(reverse("particular-view", args=[casework.case.reference, number]))
    program = program_of(casework.lead)
    body = {"subject": 1, "kind": "tax_id", "value": CANARY, "country": "KP", "known_from": "Tax file"}
    answer = program.post(f"/api/v1/cases/{casework.case.reference}/particulars", body)
    assert answer.status == 201, answer.content
    assert CANARY not in answer.content.decode()
    stored = everything_stored()
    for trace in (CANARY, FOLDED, FOLDED.upper(), "7741-9920", "77419920"):
        assert trace not in stored, trace
        assert trace not in caplog.text, trace
    # The scan itself would find it: what is not sealed is there.
    assert "Copy of the passport" in stored


def test_a_list_shows_the_last_signs_at_most(casework: Casework) -> None:
    casework.subject()
    write(casework)
    write(casework, kind="email", value="kim.canary@example.test", country="")
    write(casework, kind="birth_date", value="1990-04-23", country="")
    write(casework, kind="other_id", value="AB1234", country="")
    for user in (casework.lead, casework.reader, casework.auditor):
        page = page_of(casework, user)
        assert "••••NARY" in page
        for trace in ("7741", "kim.canary", "1990-04-23", "1234"):
            assert trace not in page, trace
    assert masked("phone", "+82 2 1234 5678") == "••••5678"
    assert masked("address", "1 Ryugyong Street, Pyongyang") == "••••"


def test_who_sees_it_in_full_is_told(casework: Casework) -> None:
    casework.subject()
    write(casework)
    url = reverse("particular-view", args=[casework.case.reference, 1])
    client = browser(casework.counsel)
    before = Event.objects.filter(action="particular.viewed").count()
    asked = client.get(url).content.decode()
    assert CANARY not in asked
    assert Event.objects.filter(action="particular.viewed").count() == before
    shown = client.post(url)
    assert CANARY in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    event = Event.objects.filter(action="particular.viewed").latest("id")
    assert (event.actor, event.object_number) == (casework.counsel, 1)
    assert CANARY not in str(event.values)
    page = client.get(reverse("chronology", args=[casework.case.reference])).content.decode()
    assert "Passport of a subject seen in full" in page
    # A reader and an auditor see the mask alone; somebody outside sees nothing at all.
    for user, status in ((casework.reader, 403), (casework.auditor, 403), (casework.outsider, 404)):
        assert browser(user).post(url).status_code == status


def test_it_is_found_by_its_exact_value_by_who_may_see_the_case(casework: Casework) -> None:
    casework.subject()
    write(casework)
    write(casework, kind="email", value="Kim.Canary@Example.test", country="")
    write(casework, kind="phone", value="+82 2 1234-5678", country="")
    write(casework, kind="birth_date", value="1990-04-23", country="")

    def finds(user: User, text: str) -> bool:
        client = browser(user)
        return (
            "What identifies a subject"
            in client.get(client.post(reverse("search"), {"q": text}).url).content.decode()
        )

    for text in (
        CANARY,
        "qz77419920canary",
        "QZ7741 9920 CANARY",
        " kim.canary@example.test ",
        "008221234 5678",
    ):
        assert finds(casework.lead, text), text
        assert not finds(casework.outsider, text), text
    for text in ("QZ 7741-9920", "canary@example.test", "1990-04-23", "1234-5678"):
        assert not finds(casework.lead, text), text
    program = program_of(casework.lead)
    token = program.post("/api/v1/search", {"text": CANARY}).data["token"]
    found = program.get(f"/api/v1/search/{token}").data["particulars"]
    assert found == [{"case": casework.case.reference, "number": 1, "text": "Kim Example"}]
    # Withdrawn, it is no longer found; what was written stays.
    url = reverse("particular-withdraw", args=[casework.case.reference, 1])
    assert browser(casework.lead).post(url, {"reason": ""}).status_code == 422
    assert browser(casework.lead).post(url, {"reason": "Another person's"}).status_code == 303
    assert not finds(casework.lead, CANARY)
    assert "Another person" in page_of(casework, casework.lead)
    assert browser(casework.lead).post(url, {"reason": "Again"}).status_code == 422


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        ("birth_date", "23.04.1990", "year, month and day"),
        ("birth_date", "2199-01-01", "until today"),
        ("birth_date", "1990-02-30", "year, month and day"),
        ("email", "kim at example", "no e-mail address"),
        ("phone", "call me", "country code"),
        ("phone", "+1", "country code"),
        ("passport", "---", "letters or digits"),
        ("passport", "  ", "This field is required"),
        ("shoe_size", "44", "valid choice"),
    ],
)
def test_what_does_not_fit_its_kind_is_refused_beside_the_field(
    casework: Casework, kind: str, value: str, says: str
) -> None:
    casework.subject()
    answer = write(casework, kind=kind, value=value, country="")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert value.strip() in page
    assert not Particular.objects.exists()


def test_only_a_number_has_an_issuer(casework: Casework) -> None:
    casework.subject()
    assert write(casework, kind="email", value="kim@example.test").status_code == 422
    assert write(casework, country="K1").status_code == 422
    assert write(casework, source="").status_code == 422
    assert not Particular.objects.exists()


def test_a_sealed_value_opens_for_its_own_row_alone(casework: Casework) -> None:
    casework.subject()
    first, second = casework.particular(), casework.particular(value="P 0000-1111")
    scope = casework.case.stream.uuid
    assert unseal(scope, bytes(first.sealed_value), bound=bound_to(first)) == b"M 1234-5678"
    other = Casework.opened()
    for where, bound in (
        (scope, bound_to(second)),
        (scope, b"cases_subject|name|" + first.uuid.bytes),
        (other.case.stream.uuid, bound_to(first)),
    ):
        with pytest.raises(CannotUnseal):
            unseal(where, bytes(first.sealed_value), bound=bound)


def test_a_new_master_and_a_new_search_key_lose_nothing(
    casework: Casework, settings: Any, tmp_path: Path
) -> None:
    # The keys of this test alone: others go on with theirs.
    settings.SEALING_KEYS = shutil.copytree(settings.SEALING_KEYS, tmp_path / "keys")
    casework.subject()
    write(casework)
    before = ParticularIndex.objects.get()
    was = (before.key, bytes(before.digest))
    rotate_sealing_key(at=moment())
    after = ParticularIndex.objects.get()
    assert (after.key, bytes(after.digest)) != was
    assert after.key == was[0] + 1
    client = browser(casework.lead)
    page = client.get(client.post(reverse("search"), {"q": CANARY}).url).content.decode()
    assert "What identifies a subject" in page
    url = reverse("particular-view", args=[casework.case.reference, 1])
    assert CANARY in client.post(url).content.decode()
