"""A case with one of everything, and one person in each relation to it that the product knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from cases import access, storage
from cases.actions import alerts, authorities, cases, clocks, exports, freezes, orders, people, search, shares
from cases.actions.orders import Asked
from cases.models import Case, CaseWallet, Notice, Reminder, TokenPlace
from cases.people.models import ApiToken, User
from cases.permissions import GLOBAL_PERMISSIONS, GlobalPermission, Permission, of_member
from cases.references import new_reference
from tests.support import evidence
from tests.support.casework import Casework, make_person, moment
from tests.support.freezing import one_of_each
from tests.support.looks import looked, swept

P = Permission
SeesCase = Literal["no", "member", "reader"]


@dataclass(frozen=True)
class Visitor:
    """Somebody at the door: who she is, and what she may see of the case and of the matter."""

    name: str
    user: User | None
    sees_case: SeesCase = "no"
    sees_matter: bool = False
    # Somebody who cannot log in at all, with a session and a token from before.
    locked_out: bool = False

    @property
    def signed_in(self) -> bool:
        return self.user is not None and not self.locked_out

    def in_case(self) -> frozenset[Permission]:
        """What she may do in the case."""
        if self.user is None or self.sees_case == "no":
            return frozenset()
        return of_member(self.user.role, reader=self.sees_case == "reader")

    def overall(self) -> frozenset[GlobalPermission]:
        return frozenset() if self.user is None else GLOBAL_PERMISSIONS[self.user.role]


@dataclass
class World:
    """The case, its visitors, and what stands in the URLs."""

    casework: Casework
    visitors: dict[str, Visitor]
    tokens: dict[str, str]
    matter: str
    export: str
    matter_export: str
    lead_token: ApiToken
    search_token: str
    # The authority that issued the case's orders, of whom a contact is kept.
    authority: str
    # A look at the case's wallet, and the asset that it read.
    look: int
    asset: int
    # A notice of the lead's.
    notice: str
    # A file of the lead's that is on its way in.
    upload: str
    # The outsider's own case, in which nothing stands.
    empty_case: Case

    def arguments(
        self, name: str, wanted: Iterable[str], *, matter: bool, unknown: bool = False
    ) -> dict[str, str]:
        """The URL's arguments. `unknown`: a reference that nothing has, with a right check character."""
        reference = self.matter if matter else self.casework.case.reference
        known = {
            "ref": new_reference() if unknown else reference,
            "number": "1",
            "export": self.matter_export if matter else self.export,
            "person": str(self.casework.reader.public_id),
            "token": self.search_token
            if name.endswith("search-results")
            else self.upload
            if "upload" in name
            else str(self.lead_token.public_id),
            "key": "subpoena"
            if "instrument" in name
            else "aml_us"
            if "retention" in name
            else "preservation_90_days"
            if "clock-rule" in name
            else "abc-def",
            "authority": self.authority,
            "contact": "1",
            "look": str(self.look),
            "asset": str(self.asset),
            "calendar": "us-federal",
            "day": "2026-12-24",
            "secret": "not-an-address",
            "notice": self.notice,
            "uidb36": "1",
            "pk": "1",
        }
        return {argument: known[argument] for argument in wanted}


# Every relation by name, so that tests can be made of it before a database is there.
VISITORS = [
    "lead",
    "investigator",
    "approver",
    "counsel",
    "reading investigator",
    "reading approver",
    "reading counsel",
    "auditor",
    "former member",
    "outside investigator",
    "outside approver",
    "outside counsel",
    "administrator",
    "liaison",
    "liaison whose share ended",
    "liaison whose share lapsed",
    "liaison without a share",
    "liaison of another case",
    "nobody",
    "deactivated investigator",
    "deactivated liaison",
    "deactivated auditor",
    "deactivated administrator",
]


def _join(casework: Casework, role: str, *, reader: bool = False) -> User:
    user = make_person(role)
    cases.add_member(grant=casework.grant(P.MEMBERS), at=moment(), user=user, reader=reader)
    return user


def _matter_of_another_case(liaison: User) -> tuple[Casework, str]:
    """Another case, in which everything of the first has its like under the same numbers, and its liaison."""
    other = Casework.opened()
    return other, other.share(other.accepted_order(), liaison=liaison).reference


def moved(casework: Casework, wallet: CaseWallet) -> None:
    """The balance moved, which the case is told; and a threshold for what comes after."""
    swept({wallet: {"ETH": 4 * 10**17}}, at=moment())
    alerts.tell_news(now=moment)
    alerts.set_threshold(
        grant=casework.grant(P.WALLETS), at=moment(), chain="ethereum", contract="", minimum=10**15
    )


def noticed(casework: Casework) -> Notice:
    """The lead is told of a clock that runs."""
    at = moment()
    reminder = Reminder.objects.create(
        case=casework.case,
        kind="task",
        number=1,
        due_at=at,
        step="due",
        wanted_at=at,
        sent_at=at,
    )
    return Notice.objects.create(user=casework.lead, reminder=reminder, told_at=at)


def built() -> World:
    """The world, made through the actions."""
    casework = Casework.opened()
    lead = casework.lead
    cases.write_note(grant=casework.grant(P.NOTE), at=moment(), text="Called the clerk.")
    casework.subject()
    casework.particular()
    read = casework.wallet()
    look = looked({read: {"ETH": 10**18}}, at=moment())
    moved(casework, read)
    account = casework.account()
    casework.holding(account)
    order = casework.order(selectors=[Asked("account", "EX-1001")])
    assert order.issuer is not None
    authorities.add_contact(
        by=lead,
        at=moment(),
        authority=order.issuer,
        kind="phone",
        value="+1 202 555 0100",
        source="The court's own directory",
    )
    orders.move_order(grant=casework.grant(P.ORDERS), at=moment(), number=1, to="verifying")
    orders.attach_paper(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=order.number,
        filename="order.pdf",
        media_type="application/pdf",
        stored=storage.store([b"%PDF-1.7 paper"]),
    )
    evidence.exhibit(casework)
    freezes.propose_freeze(
        grant=casework.grant(P.FREEZE_PROPOSE, casework.approver),
        at=moment(),
        scope="asset",
        reason="Asked for by telephone.",
        amounts=[freezes.AmountAsked("USDT", 1_000_000)],
        account_number=account.number,
        policy_hold="Asked for by telephone.",
        formal_order_by=moment() + timedelta(days=3),
    )
    one_of_each(casework)
    clocks.add_closure(
        by=casework.counsel, at=moment(), calendar="us-federal", day=date(2026, 12, 24), why="Executive Order"
    )
    shared = casework.accepted_order(reference="DEMO-2")
    share = casework.share(shared)
    export = exports.request_export(grant=casework.grant(P.EXPORT), at=moment())
    door = access.matter_for(casework.liaison, share.reference, P.MATTER_EXPORT, at=moment())
    matter_export = exports.request_matter_export(grant=door, at=moment())

    ended, lapsed = make_person("liaison"), make_person("liaison")
    ending = casework.share(shared, liaison=ended)
    shares.end_share(grant=casework.grant(P.SHARE), at=moment(), number=ending.number, reason="Done")
    before = moment() - timedelta(hours=2)
    shares.share_matter(
        grant=casework.grant(P.SHARE),
        at=before,
        order_number=shared.number,
        liaison=lapsed,
        purpose="For an hour",
        ends_at=before + timedelta(hours=1),
    )
    elsewhere = make_person("liaison")
    _matter_of_another_case(elsewhere)
    deactivated = {
        "deactivated investigator": _join(casework, "investigator"),
        "deactivated liaison": make_person("liaison"),
        "deactivated auditor": make_person("auditor"),
        "deactivated administrator": make_person("administrator"),
    }
    casework.share(shared, liaison=deactivated["deactivated liaison"])
    former = _join(casework, "investigator")
    cases.end_membership(grant=casework.grant(P.MEMBERS), at=moment(), user=former)
    outside = casework.outsider
    empty = cases.open_case(
        by=outside, at=moment(), title="Another", typology="fraud", classification="internal"
    )
    visitors = [
        Visitor("lead", lead, "member"),
        Visitor("investigator", _join(casework, "investigator"), "member"),
        Visitor("approver", casework.approver, "member"),
        Visitor("counsel", casework.counsel, "member"),
        Visitor("reading investigator", casework.reader, "reader"),
        Visitor("reading approver", _join(casework, "approver", reader=True), "reader"),
        Visitor("reading counsel", _join(casework, "counsel", reader=True), "reader"),
        Visitor("auditor", casework.auditor, "reader"),
        Visitor("former member", former),
        Visitor("outside investigator", outside),
        Visitor("outside approver", make_person("approver")),
        Visitor("outside counsel", make_person("counsel")),
        Visitor("administrator", casework.administrator),
        Visitor("liaison", casework.liaison, sees_matter=True),
        Visitor("liaison whose share ended", ended),
        Visitor("liaison whose share lapsed", lapsed),
        Visitor("liaison without a share", make_person("liaison")),
        Visitor("liaison of another case", elsewhere),
        Visitor("nobody", None),
        *(Visitor(name, user, locked_out=True) for name, user in deactivated.items()),
    ]
    tokens, lead_token = {}, None
    for visitor in visitors:
        if visitor.user is not None:
            at = moment()
            token, tokens[visitor.name] = people.create_token(
                by=visitor.user, at=at, label="matrix", expires_at=at + timedelta(days=1)
            )
            # It was used from here before; the first use is an event.
            TokenPlace.objects.create(token=token, address="127.0.0.1", first_at=at)
            lead_token = token if visitor.name == "lead" else lead_token
    for user in deactivated.values():
        people.edit_person(
            by=casework.administrator,
            at=moment(),
            user=user,
            name=user.name,
            role=user.role,
            agency=user.agency,
            is_active=False,
        )
    assert lead_token is not None
    return World(
        casework=casework,
        visitors={visitor.name: visitor for visitor in visitors},
        tokens=tokens,
        matter=share.reference,
        export=export.reference,
        matter_export=matter_export.reference,
        lead_token=lead_token,
        search_token=search.save_search(by=lead, at=moment(), text="kim").token,
        authority=str(order.issuer.public_id),
        empty_case=empty,
        notice=str(noticed(casework).public_id),
        upload=str(evidence.upload_begun(casework)),
        look=look.pk,
        asset=look.assets[0],
    )
