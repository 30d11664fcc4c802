"""Finding cases by what an officer holds in hand: a reference, a name, an account number, an address.

Each group starts at the cases that the person may see and is answered by an index: trigrams for parts of words, the
unique keys for references and addresses. Terms of less than three characters have no trigram, so they only narrow
what a longer one found. The newest come first: a term that fits nearly everything then ends at the first page of the
primary key instead of sorting all it found.
"""

from dataclasses import dataclass
from typing import Final, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Upper
from django.utils.functional import Promise

from cases.models import Case, CaseWallet, ExchangeAccount, LegalOrder, Particular, Subject
from cases.people.models import User
from cases.queries.particulars import digests_of
from cases.references import normalised
from wallets.addresses import Detection, detect
from wallets.models import Wallet

LIMIT: Final = 20
SHORTEST: Final = 3
# More terms than this only cost time.
MOST_TERMS: Final = 8
ModelRow = TypeVar("ModelRow", bound=Model)
# The expression of the index `subject_aliases_trgm`; the function joins and upper-cases.
ALIASES_FOLDED: Final = Func(
    Cast(F("aliases"), ArrayField(TextField())), function="cases_folded", output_field=TextField()
)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, by kind; of each at most LIMIT, and whether there is more."""

    cases: list[Case]
    subjects: list[Subject]
    accounts: list[ExchangeAccount]
    orders: list[LegalOrder]
    wallets: list[CaseWallet]
    particulars: list[Particular]
    more: frozenset[str]
    # Why a text that looks like an address is none of a chain kept here.
    address_error: str | Promise = ""
    # Whether it is one, of a chain that is not kept here.
    address_foreign: bool = False
    too_short: bool = False

    @property
    def total(self) -> int:
        return sum(
            len(rows)
            for rows in (
                self.cases,
                self.subjects,
                self.accounts,
                self.orders,
                self.wallets,
                self.particulars,
            )
        )


def terms_of(text: str) -> list[str]:
    """The words to look for, the longest first; each once."""
    return sorted(dict.fromkeys(text.split()), key=len, reverse=True)[:MOST_TERMS]


def find(user: User, text: str) -> Found:
    """Everything that this person may see and that fits the text. At most nine queries."""
    text = " ".join(text.split())
    terms = terms_of(text)
    visible = Case.objects.visible_to(user)
    ids = visible.order_by().values_list("pk", flat=True)
    more: set[str] = set()

    def some(kind: str, rows: "QuerySet[ModelRow]") -> list[ModelRow]:
        taken = list(rows[: LIMIT + 1])
        if len(taken) > LIMIT:
            more.add(kind)
        return taken[:LIMIT]

    reference = normalised(text)
    cases: list[Case] = []
    if reference is not None:
        cases = some("cases", visible.select_related("lead").filter(reference=reference))
    particulars = some("particulars", _by_particular(text, ids))
    detection = detect(text)
    wallets, address_error = _by_address(detection, ids), _why_no_address(detection)
    foreign = detection.verdict == "unsupported"
    too_short = not any(len(term) >= SHORTEST for term in terms)
    if too_short or wallets is not None:
        held = some("wallets", wallets) if wallets is not None else []
        return Found(
            cases,
            [],
            [],
            [],
            held,
            particulars,
            frozenset(more),
            address_error,
            foreign,
            too_short and not cases and not held and not particulars,
        )
    if not cases:
        cases = some(
            "cases",
            visible.select_related("lead")
            .filter(all_terms("title", terms))
            .order_by("-touched_at", "-reference"),
        )
    return Found(
        cases=cases,
        subjects=_subjects(terms, ids, more),
        accounts=some(
            "accounts",
            ExchangeAccount.objects.filter(account_number__icontains=text, case__in=ids)
            .select_related("case")
            .order_by("-id"),
        ),
        orders=some(
            "orders",
            LegalOrder.objects.known_to(user)
            .filter(agency_reference__icontains=text)
            .select_related("case")
            .order_by("-id"),
        ),
        wallets=[],
        particulars=particulars,
        more=frozenset(more),
        address_error=address_error,
        address_foreign=foreign,
    )


def _by_particular(text: str, visible_ids: "QuerySet[Case, int]") -> "QuerySet[Particular]":
    """What identifies somebody by exactly this number, e-mail address or telephone number; withdrawn ones are not found."""
    return (
        Particular.objects.filter(
            index__digest__in=digests_of(text), case__in=visible_ids, withdrawn_at__isnull=True
        )
        .select_related("case", "subject")
        .order_by("-id")
    )


def _subjects(terms: list[str], visible_ids: "QuerySet[Case, int]", more: set[str]) -> list[Subject]:
    """By name, then by alias: two queries, since an OR over both would use neither's index."""
    rows = Subject.objects.filter(case__in=visible_ids).select_related("case").order_by("-id")
    found = {row.pk: row for row in rows.filter(all_terms("name", terms))[: LIMIT + 1]}
    also = rows.alias(aliases_folded=ALIASES_FOLDED)
    for term in terms:
        also = also.filter(aliases_folded__contains=Upper(Value(term)))
    found.update({row.pk: row for row in also[: LIMIT + 1]})
    if len(found) > LIMIT:
        more.add("subjects")
    return list(found.values())[:LIMIT]


def all_terms(field: str, terms: list[str]) -> Q:
    """Each term is part of the field, without case: `UPPER(field) LIKE UPPER('%term%')`, as the indexes have it."""
    condition = Q()
    for term in terms:
        condition &= Q(**{f"{field}__icontains": term})
    return condition


def _by_address(detection: Detection, visible_ids: "QuerySet[Case, int]") -> "QuerySet[CaseWallet] | None":
    """The wallets at this address on any chain, or None where the text is no address.

    The chains spell one address differently: it is looked for in the canonical form of each that it fits.
    """
    if not detection.candidates:
        return None
    same = Q(pk__in=[])
    for candidate in detection.candidates:
        same |= Q(address=candidate.canonical, chain=candidate.chain)
    return (
        CaseWallet.objects.filter(wallet__in=Wallet.objects.filter(same).values("pk"), case__in=visible_ids)
        .select_related("case", "wallet")
        .order_by("-attached_at", "-id")
    )


def _why_no_address(detection: Detection) -> str | Promise:
    """Why a text that means to be an address is none here; empty for words, numbers and hashes. A key is called one."""
    error = detection.error
    if error is None or (detection.verdict == "not_an_address" and error.reason_code != "secret"):
        return ""
    return error.message
