"""What comes in is exactly what was meant, or it is refused: 400 where it is no JSON of ours, 422 beside the field."""

from collections.abc import Callable

import pytest

from cases.models import AccountHolding, Case
from cases.people.models import User
from tests.api.conftest import Program
from tests.support.casework import Casework

pytestmark = pytest.mark.django_db
Programs = Callable[[User], Program]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"nonsense",
        b"\xff\xfe",
        b'{"title": "\xc3"}',
        b'{"title": "a", "title": "b"}',
        b'{"title": NaN}',
        b'{"title": -Infinity}',
        b'{"title": "\\ud800"}',
        b'{"\\udc00": 1}',
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 20 + b"]" * 20,
        b'{"title": ' + b"9" * 5000 + b"}",
        b'{"title": 1.' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_json_is_malformed(program: Programs, casework: Casework, body: bytes) -> None:
    before = Case.objects.count()
    answer = program(casework.lead).post("cases", body or b" ")
    assert answer.status == 400, answer.data
    assert answer.data["type"].endswith(":malformed")
    assert Case.objects.count() == before


def test_a_body_has_an_end(program: Programs, casework: Casework) -> None:
    answer = program(casework.lead).post("cases", b'{"title": "' + b"x" * 1_100_000 + b'"}')
    assert answer.status == 413


def test_other_kinds_of_body_are_not_read(program: Programs, casework: Casework) -> None:
    entered = program(casework.lead)
    answer = entered.upload("cases", {"title": "a"})
    assert answer.status == 415


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ([], None, "invalid"),
        ("text", None, "invalid"),
        (None, "title", "required"),
        ({"typology": "fraud"}, "title", "required"),
        ({"typology": "fraud", "title": ""}, "title", "blank"),
        ({"typology": "fraud", "title": "   "}, "title", "blank"),
        ({"typology": "fraud", "title": "x" * 201}, "title", "max_length"),
        ({"typology": "fraud", "title": "a\x00b"}, "title", "null_characters_not_allowed"),
        ({"typology": "fraud", "title": 5}, "title", "invalid"),
        ({"typology": "fraud", "title": 1.5}, "title", "invalid"),
        ({"typology": "fraud", "title": True}, "title", "invalid"),
        ({"typology": "fraud", "title": None}, "title", "null"),
        ({"typology": "fraud", "title": ["a"]}, "title", "invalid"),
        ({"typology": "nonsense", "title": "a"}, "typology", "invalid_choice"),
        ({"typology": 1, "title": "a"}, "typology", "invalid_choice"),
        ({"typology": {}, "title": "a"}, "typology", "invalid_choice"),
        ({"typology": "fraud", "title": "a", "titel": "b"}, "titel", "unknown"),
        ({"typology": "fraud", "title": "a", "\x00": "b"}, "\x00", "unknown"),
        ({"typology": "fraud", "title": "a", "status": "closed"}, "status", "unknown"),
        ({"typology": "fraud", "title": "a", "tags": "b"}, "tags", "not_a_list"),
        ({"typology": "fraud", "title": "a", "tags": ["x" * 41]}, "tags.0", "max_length"),
        ({"typology": "fraud", "title": "a", "tags": ["ok", 5]}, "tags.1", "invalid"),
        ({"typology": "fraud", "title": "a", "tags": ["a"] * 51}, "tags", "max_length"),
    ],
)
def test_a_wrong_field_is_named(
    program: Programs, casework: Casework, body: object, field: str | None, code: str
) -> None:
    before = Case.objects.count()
    answer = program(casework.lead).post("cases", body)
    assert answer.status == 422, answer.data
    assert answer.fields[field] == code  # type: ignore[index]
    assert Case.objects.count() == before


@pytest.mark.parametrize(
    "amount",
    [
        1_500_000,
        1.5,
        1e6,
        True,
        None,
        "",
        "1.5",
        "1e6",
        "-1",
        "+1",
        "007",
        " 1",
        "1 ",
        "1_000",
        "0x10",
        "١",
        "NaN",
        "9" * 79,
        ["1"],
        {"amount": "1"},
    ],
)
def test_an_amount_is_a_string_of_digits(program: Programs, casework: Casework, amount: object) -> None:
    account = casework.account()
    answer = program(casework.lead).post(
        f"cases/{casework.case.reference}/accounts/{account.number}/holdings",
        {
            "asset": "USDT",
            "decimals": 6,
            "amount": amount,
            "source": "Ledger",
            "observed_at": "2023-05-23T16:00:00Z",
        },
    )
    assert answer.status == 422
    assert "amount" in answer.fields
    assert not AccountHolding.objects.exists()


@pytest.mark.parametrize("amount", [0, 1, 2**53 + 1, 2**64, 2**256 - 1])
def test_an_amount_comes_back_to_the_last_unit(program: Programs, casework: Casework, amount: int) -> None:
    account = casework.account()
    entered = program(casework.lead)
    path = f"cases/{casework.case.reference}/accounts/{account.number}/holdings"
    sent = {
        "asset": "USDT",
        "decimals": 6,
        "amount": str(amount),
        "source": "Ledger",
        "observed_at": "2023-05-23T18:00:00.25+02:00",
    }
    answer = entered.post(path, sent)
    assert answer.status == 201, answer.data
    assert answer.data["amount"] == str(amount)
    assert answer.data["observed_at"] == "2023-05-23T16:00:00.250000Z"
    shown = entered.get(path).data["items"][0]
    assert shown == answer.data
    assert AccountHolding.objects.get().amount == amount


def test_the_largest_amount_is_the_largest_that_a_chain_can_name(
    program: Programs, casework: Casework
) -> None:
    account = casework.account()
    answer = program(casework.lead).post(
        f"cases/{casework.case.reference}/accounts/{account.number}/holdings",
        {
            "asset": "USDT",
            "decimals": 6,
            "amount": str(2**256),
            "source": "Ledger",
            "observed_at": "2023-05-23T16:00:00Z",
        },
    )
    assert answer.status == 422
    assert answer.fields == {"amount": "range"}


@pytest.mark.parametrize(
    "text",
    [
        "2023-05-23",
        "2023-05-23T16:00:00",
        "2023-05-23 16:00:00Z",
        "2023-02-30T16:00:00Z",
        "2023-05-23T25:00:00Z",
        "2023-05-23T16:00:00+99:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "٢٠٢٣-05-23T16:00:00Z",
        "2023-05-23T16:00:00Z\n",
        1684857600,
        None,
    ],
)
def test_a_moment_has_its_offset(program: Programs, casework: Casework, text: object) -> None:
    answer = program(casework.lead).post(
        f"cases/{casework.case.reference}/accounts",
        {"account_number": "1", "holder": "H", "reported_status": "active", "reported_at": text},
    )
    assert answer.status == 422, answer.data
    assert "reported_at" in answer.fields


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, 10**30, 1.0, "1", True, [1]])
def test_a_number_is_a_number(program: Programs, casework: Casework, number: object) -> None:
    answer = program(casework.lead).post(
        f"cases/{casework.case.reference}/accounts",
        {
            "account_number": "1",
            "holder": "H",
            "reported_status": "active",
            "reported_at": "2023-05-23T16:00:00Z",
            "subject": number,
        },
    )
    assert answer.status == 422
    assert "subject" in answer.fields


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=1000",
        "limit=1.0",
        "limit=١",
        "limit=",
        "limit=" + "9" * 400,
        "limit=1&limit=2",
        "cursor=nonsense",
        "cursor=",
        "cursor=%00",
        "cursor=" + "W" * 600,
        "cursor=WyJcdWQ4MDAiLDFd",
        "cursor=WzFd",
        "cursor=W3sidCI6IjAwMDEtMDEtMDFUMDA6MDA6MDArMjM6NTkifSwiXHVkODAwIl0",
        "status=nonsense",
        "status=%00",
        "tag=%00",
        "tag=",
        "lead=1",
        "lead=00000000-0000-0000-0000-000000000000",
        "unknown=1",
        "q=%FF",
    ],
)
def test_a_wrong_parameter_is_named(program: Programs, casework: Casework, query: str) -> None:
    answer = program(casework.lead).get(f"cases?{query}")
    assert answer.status == 422, answer.data
    assert list(answer.fields) == [query.split("=")[0]]


def test_a_post_takes_no_parameters(program: Programs, casework: Casework) -> None:
    answer = program(casework.lead).post("cases?dry=1", {"title": "a", "typology": "fraud"})
    assert answer.status == 422
    assert answer.fields == {"dry": "unknown"}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "cases/",
        "cases/nonsense",
        "cases/0000-0000-0",
        "cases/0000-0000-0/notes/1",
        "cases/%00",
        "cases/%FF",
        "nothing/here",
        "cases/{ref}/notes/0",
        "cases/{ref}/notes/01",
        "cases/{ref}/notes/9999999999999999999999",
        "cases/{ref}/notes/999999999",
        "cases/{ref}/notes/-1",
        "cases/{ref}/members/nonsense/end",
    ],
)
def test_what_is_not_there_is_the_same_404(program: Programs, casework: Casework, path: str) -> None:
    answer = program(casework.lead).get(path.format(ref=casework.case.reference))
    unknown = program(casework.lead).get("cases/0000-0000-0")
    assert answer.status == 404
    assert answer.content == unknown.content


def test_a_wrong_method_says_which_are_right(program: Programs, casework: Casework) -> None:
    for method in ("DELETE", "PUT", "OPTIONS", "PATCH"):
        answer = program(casework.lead).send(method, "cases", {})
        assert answer.status == 405
        assert "POST" in answer.headers["Allow"]


def test_whatever_is_accepted_the_answer_is_json(program: Programs, casework: Casework) -> None:
    answer = program(casework.lead).send("GET", "me", Accept="text/html")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"


def test_our_own_fault_is_a_problem_document_too(
    program: Programs, casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**kwargs: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("cases.actions.cases.open_case", broken)
    entered = program(casework.lead)
    entered.client.raise_request_exception = False
    answer = entered.post("cases", {"title": "a", "typology": "fraud"}, key="k")
    assert (answer.status, answer.data["type"]) == (500, "urn:holdfast:problem:server-error")
    assert "broken" not in str(answer.data)
    monkeypatch.undo()
    assert entered.post("cases", {"title": "a", "typology": "fraud"}, key="k").status == 201
