"""A list that begins at a whole case, or at a whole order, leaves out what a seal keeps back: read from the code itself.

Rows of a sealable table (`cases.models.sealing`) are asked for by `objects.of(case)`, `.known_to(user)`, or with
`.unsealed_from(hidden)`. A filter by case or by order without one of them is a list that shows a sealed order to
whoever may see the case. Those that are right all the same stand in `RIGHT`, each function with why it is.

What this cannot judge: SQL in words (cases/queries/due.py, calendar.py, reminders.py, search.py), a row that is asked for
by its key or by a row that somebody already holds, and a condition that comes as a variable. Of these the canaries
(tests/web/test_canaries.py, test_sealed.py) tell.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.apps import apps

from cases.models import Case
from tests.test_house_rules import ROOT, sources, tree_of

# Nobody asks: the clock, the chain or the exchange's own system does, and it acts on all that is there.
SYSTEM = "done for nobody: it acts on everything"
# One order, fetched by a door that kept it back, or by the lock behind one.
ITS_ORDER = "the order came through its door"
THEIR_ORDERS = "the orders were asked for with their seals, in the same function"
SHARED = "the order of a share that was given to this liaison"
WITHHELD = "counted with what is hidden, which is then withheld or only hinted at"

RIGHT: dict[str, str] = {
    "cases/queries/sealed_reads.py:sealed_order_behind": SYSTEM,
    "cases/access.py:live_shares": "what is shared with the liaison herself",
    "cases/actions/exhibits/checks.py:_to_scan": SYSTEM,
    "cases/queries/disposal.py:files_of": SYSTEM,
    "cases/queries/stored.py:rows_with": SYSTEM,
    "cases/queries/disposal.py:hindrance_of": "says that a case file is being made, not of what",
    "cases/queries/sealed_reads.py:sealed_orders_known": "those that she is named a reader of",
    "cases/actions/connector_reports.py:_more_to_come": SYSTEM,
    "cases/actions/connector_reports.py:_note_transactions": SYSTEM,
    "cases/actions/crediting.py:note_alerts": SYSTEM,
    "cases/actions/crediting.py:note_holding": SYSTEM,
    "cases/actions/reminders.py:send_step": SYSTEM,
    "cases/actions/watchdog.py:_standing": SYSTEM,
    "cases/actions/watchdog.py:missed_there": SYSTEM,
    "cases/queries/reminders.py:steps_sent": SYSTEM,
    "cases/actions/orders/decisions.py:_require_nothing_runs": ITS_ORDER,
    "cases/actions/orders/duties.py:follow_duties": ITS_ORDER,
    "cases/actions/orders/duties.py:lift_duties": ITS_ORDER,
    "cases/actions/orders/duties.py:start_terms": ITS_ORDER,
    "cases/actions/orders/papers.py:attach": ITS_ORDER,
    "cases/actions/orders/sealing.py:_require_hands": ITS_ORDER,
    "cases/actions/shares.py:share_matter": ITS_ORDER,
    "cases/chronology/entries.py:_concerns": ITS_ORDER,
    "cases/exports/process.py:_duties": ITS_ORDER,
    "cases/exports/process.py:_papers": ITS_ORDER,
    "cases/queries/named.py:named_by_order": ITS_ORDER,
    "cases/queries/orders.py:order_content": ITS_ORDER,
    "cases/queries/orders.py:what_may_show": ITS_ORDER,
    "cases/queries/authorities.py:authority_content": THEIR_ORDERS,
    "cases/queries/lookalikes.py:alike": THEIR_ORDERS,
    "cases/queries/orders.py:order_list": THEIR_ORDERS,
    "cases/chronology/entries.py:matter_numbers": SHARED,
    "cases/queries/matters.py:matter_list": SHARED,
    "cases/queries/matters.py:matter_of": SHARED,
    "cases/chronology/entries.py:_stems_from": WITHHELD,
    "cases/queries/calendar.py:_sealed": WITHHELD,
    "cases/queries/closing.py:_all": WITHHELD,
    "cases/queries/customer_notices.py:silent_elsewhere": WITHHELD,
    "cases/queries/handover.py:held_by": WITHHELD,
    "cases/queries/handover.py:holds_work": WITHHELD,
    "cases/queries/retention.py:starts": WITHHELD,
    "cases/queries/retention.py:suggested": WITHHELD,
    "cases/queries/file_checks.py:files_with": "each is asked of its own case, by `_known`",
    "cases/queries/work.py:exports_of": "the files that she asked for herself, named by reference and case alone",
}
ASKED = {"filter", "get", "exclude", "get_or_create"}
SEAL_KEPT = {"of", "unsealed_from", "known_to"}
WHOLE = {"case", "case_id", "order", "order_id"}


def sealable() -> set[str]:
    """The names of the tables whose rows stem from legal orders, or may."""
    models = apps.get_app_config("cases").get_models()
    return {model.__name__ for model in models if hasattr(model._default_manager.all(), "unsealed_from")}


def reverse_names() -> set[str]:
    """How such a table is reached from a case: `case.orders`."""
    return {
        str(relation.get_accessor_name())
        for relation in Case._meta.related_objects
        if relation.related_model.__name__ in sealable()
    }


@dataclass(frozen=True)
class Chain:
    """A queryset as it is put together in one expression."""

    place: str
    line: int
    table: str
    verbs: tuple[str, ...]
    conditions: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it asks for what belongs to a case or to an order, and not for one row or the rows of another."""
        return any(WHOLE & set(condition.split("__")) for condition in self.conditions)

    @property
    def keeps_seals(self) -> bool:
        return bool(SEAL_KEPT & set(self.verbs))


def chains(tree: ast.Module, name: str) -> Iterator[Chain]:
    """Each chain of calls that begins at the rows of a sealable table."""
    tables, reverse = sealable(), reverse_names()
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        conditions: list[str] = []
        if node.attr in {"objects", "_default_manager"} and isinstance(node.value, ast.Name):
            table = node.value.id
            if table not in tables:
                continue
        elif node.attr in reverse and _is_case(node.value):
            table = f"case.{node.attr}"
            conditions.append("case")
        else:
            continue
        verbs: list[str] = []
        top: ast.AST = node
        while (up := parents.get(top)) is not None:
            if isinstance(up, ast.Attribute):
                verbs.append(up.attr)
            elif isinstance(up, ast.Call) and up.func is top:
                if verbs and verbs[-1] in ASKED:
                    conditions += _conditions(up)
            else:
                break
            top = up
        scope: ast.AST | None = top
        while scope is not None and not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            scope = parents.get(scope)
        function = "module" if scope is None else scope.name
        yield Chain(f"{name}:{function}", node.lineno, table, tuple(verbs), tuple(conditions))


def _is_case(node: ast.AST) -> bool:
    """`case`, `grant.case`, `self.case`."""
    return (isinstance(node, ast.Name) and node.id == "case") or (
        isinstance(node, ast.Attribute) and node.attr == "case"
    )


def _conditions(call: ast.Call) -> Iterator[str]:
    """The names of fields that a call of `filter` and its like goes by; those in `Q(…)` and in dictionaries too."""
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg
        elif isinstance(keyword.value, ast.Dict):
            yield from (str(key.value) for key in keyword.value.keys if isinstance(key, ast.Constant))
    for argument in call.args:
        for node in ast.walk(argument):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Q":
                yield from (keyword.arg for keyword in node.keywords if keyword.arg is not None)
            # `sight.cases`: the condition that a whole list of cases goes by.
            if isinstance(node, ast.Attribute) and node.attr == "cases":
                yield "case"


def found_in_the_code() -> dict[str, list[str]]:
    """From each place that asks for a whole case or order without its seals to what it asks."""
    found: dict[str, list[str]] = {}
    for path in sources("cases"):
        if path.parts[1] in {"models", "management"}:
            continue
        for chain in chains(tree_of(path), path.as_posix()):
            if chain.is_whole and not chain.keeps_seals and "create" not in chain.verbs:
                found.setdefault(chain.place, []).append(f"{chain.table}, line {chain.line}")
    return found


def test_no_list_of_a_case_or_an_order_forgets_its_seals() -> None:
    loose = {place: asked for place, asked in found_in_the_code().items() if place not in RIGHT}
    assert loose == {}, "begin at `objects.of(case)`, or say in RIGHT why not"


def test_what_is_right_without_is_still_there() -> None:
    """An entry whose function is gone, or keeps the seals by now, would let the next one through."""
    assert set(RIGHT) - set(found_in_the_code()) == set()


def test_the_tables_are_found() -> None:
    assert {"LegalOrder", "Obligation", "FreezeOrder", "Transfer", "FreezeBreach", "Reminder", "Export"} <= (
        sealable()
    )
    assert {"orders", "freezes", "transfers", "breaches"} <= reverse_names()


@pytest.mark.parametrize(
    ("code", "is_loose"),
    [
        ("FreezeOrder.objects.filter(case=case)", True),
        ("FreezeOrder.objects.filter(case_id=case.pk).order_by('number')", True),
        ("FreezeOrder.objects.exclude(status='x').filter(case__in=ids)", True),
        ("FreezeOrder.objects.select_related('case').get(case=case, number=1)", True),
        ("FreezeCredit.objects.filter(freeze__case=case)", True),
        ("Obligation.objects.filter(order=order)", True),
        ("ObligationProof.objects.filter(obligation__order__in=orders)", True),
        ("LegalOrder.objects.filter(Q(status='x') | Q(case=case))", True),
        ("LegalOrder.objects.filter(sight.cases, status='x')", True),
        ("LegalOrder.objects.filter(**{'case': case})", True),
        ("LegalOrder._default_manager.filter(case=case)", True),
        ("grant.case.orders.filter(status='x')", True),
        ("list(case.freezes.all())", True),
        ("FreezeOrder.objects.of(case)", False),
        ("FreezeOrder.objects.of(case).filter(obligation__order=order)", False),
        ("LegalOrder.objects.filter(sight.cases, status='x').unsealed_from(sight.hidden)", False),
        ("LegalOrder.objects.known_to(user).filter(case=case)", False),
        ("FreezeOrder.objects.filter(obligation=duty)", False),
        ("FreezeOrder.objects.get(pk=pk)", False),
        ("CaseWallet.objects.filter(case=case)", False),
        ("case.wallets.filter(number=1)", False),
        ("FreezeOrder.objects.filter(status='order')", False),
    ],
)
def test_what_counts_as_loose(code: str, is_loose: bool) -> None:
    found = [
        chain.is_whole and not chain.keeps_seals
        for chain in chains(ast.parse(f"def f():\n    {code}"), "x.py")
    ]
    assert any(found) is is_loose


def test_the_rule_reads_what_it_says_it_reads() -> None:
    """It would find nothing in files that are not there."""
    read = {path for path in sources("cases") if path.parts[1] not in {"models", "management"}}
    assert {Path("cases/queries/closing.py"), Path("cases/api/endpoints/matters.py")} <= read
    assert len(read) > 200
    assert (ROOT / "cases/queries/closing.py").is_file()
