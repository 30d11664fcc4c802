"""The sections of a case file on what was ordered and done: the order register and the freezes."""

from typing import Any

from django.utils.translation import gettext as _

from cases.exports import said, worth
from cases.exports.pieces import (
    Block,
    Column,
    Value,
    code,
    facts,
    heading,
    item,
    lines,
    nothing,
    optional,
    paragraphs,
    table,
    value,
)

Facts = dict[str, Any]


def orders(found: list[Facts]) -> list[Block]:
    """The register: each order with its dates, verification, duties and papers."""
    if not found:
        return [nothing(_("The case has no legal orders."))]
    overview = [_register(found)] if len(found) > 1 else []
    return [*overview, *[_order(order) for order in found]]


def _register(found: list[Facts]) -> Block:
    return table(
        [
            Column(_("No."), 10, right=True),
            Column(_("Instrument and authority"), "1fr"),
            Column(_("Received"), 44),
            Column(_("Due"), 44),
            Column(_("Status"), 24),
        ],
        [
            [
                value(order["number"]),
                lines(
                    value(said.word(order["instrument"]), "s"),
                    value(f"{order['issuing_authority']}, {order['agency_reference']}", "t"),
                ),
                value(said.stamp(order["received"]["utc"])),
                value(_("no date"), "u")
                if order["due"] is None
                else lines(
                    value(said.stamp(order["due"]["utc"])),
                    value(_("overdue"), "s") if order["clock"] == "overdue" else None,
                ),
                value(said.word(order["status"]), "s"),
            ]
            for order in found
        ],
    )


def _order(order: Facts) -> Block:
    verification = order["verification"]
    due = said.when_in(order["due"])
    rows: list[tuple[str, Value | None]] = [
        (_("Instrument"), value(said.word(order["instrument"]))),
        (_("Issuing authority"), value(order["issuing_authority"])),
        (_("Agency reference"), value(order["agency_reference"], "s")),
        (_("Jurisdiction"), value(order["jurisdiction"])),
        (_("Legal basis"), value(order["legal_basis"])),
        (
            _("Requestor"),
            lines(value(order["requestor"]), optional(order["requestor_email"], "t"))
            if order["requestor"]
            else None,
        ),
        (_("Issued"), said.when_in(order["issued"])),
        (_("Served"), said.when_in(order["served"])),
        (_("Received"), said.when_in(order["received"])),
        (
            _("Due (return date)"),
            None if due is None else lines(due, optional(said.clock(order["clock"]), "s")),
        ),
        (
            _("Verified"),
            value(_("Not verified"), "s")
            if verification["verified"] is None
            else lines(said.deed(verification["verified"]), value(said.word(verification["method"]), "t")),
        ),
        (_("Contact, found independently"), optional(order.get("verification_contact"))),
        (_("Recorded"), said.deed(order.get("recorded"))),
    ]
    blocks: list[Block] = [facts(rows), heading(_("Scope")), *paragraphs(order["scope"])]
    if order["obligations"]:
        blocks += [heading(_("Duties")), _duties(order["obligations"])]
    if order["papers"]:
        blocks.append(heading(_("Papers")))
        for paper in order["papers"]:
            caption = _("Paper %(number)s: %(name)s, %(type)s, %(size)s bytes, SHA-256") % {
                "number": paper["number"],
                "name": paper["filename"],
                "type": paper["media_type"],
                "size": paper["size"],
            }
            blocks.append(code(paper["sha256"], caption))
    return item(
        said.numbered(_("Order %(number)s"), order["number"], order["agency_reference"]),
        blocks,
        badge=said.word(order["status"]),
        marks=[said.fictional(order)],
    )


def _duties(found: list[Facts]) -> Block:
    return table(
        [
            Column(_("Duty"), 22),
            Column(_("What it asks"), "1fr"),
            Column(_("Due"), 48),
            Column(_("Status"), 45),
        ],
        [
            [
                lines(value(f"{duty['number']}", "s"), value(said.word(duty["kind"]))),
                lines(
                    value(duty["text"]),
                    value(_("Responsible: %(name)s") % {"name": said.name(duty["responsible"])}, "t")
                    if duty.get("responsible")
                    else None,
                ),
                said.when_in(duty["due"], short=True) or value(_("no date"), "u"),
                lines(
                    value(said.word(duty["status"]), "s"),
                    value(_("overdue"), "s") if duty["clock"] == "overdue" else None,
                    said.deed(duty["ended"], short=True),
                ),
            ]
            for duty in found
        ],
    )


def freezes(found: list[Facts]) -> list[Block]:
    """Each freeze as a timeline: basis, target, the people and times, the amounts with their proof."""
    if not found:
        return [nothing(_("No freeze was proposed."))]
    overview = [_ladder(found)] if len(found) > 1 else []
    return [*overview, *[_freeze(freeze) for freeze in found]]


def _ladder(found: list[Facts]) -> Block:
    return table(
        [
            Column(_("No."), 10, right=True),
            Column(_("Target"), "1fr"),
            Column(_("Proposed"), 27),
            Column(_("Approved"), 27),
            Column(_("Applied"), 27),
            Column(_("Status"), 26),
        ],
        [
            [
                value(freeze["number"]),
                lines(
                    value(freeze["target"].get("holder") or freeze["target"]["chain"]["name"], "s"),
                    value(freeze["target"].get("account_number") or freeze["target"]["address"], "t"),
                ),
                value(said.stamp(freeze["proposed"]["at"])),
                value(
                    said.stamp(freeze["approved_at"]) or _("not yet"), "b" if freeze["approved_at"] else "u"
                ),
                value(said.stamp(freeze["applied"]["at"])) if freeze["applied"] else value(_("not yet"), "u"),
                value(said.word(freeze["status"]), "s"),
            ]
            for freeze in found
        ],
    )


def _freeze(freeze: Facts) -> Block:
    target = freeze["target"]
    rows: list[tuple[str, Value | None]] = [
        (_("Basis"), _basis(freeze["basis"])),
        (_("Scope"), value(said.word(freeze["scope"]))),
    ]
    if target["kind"] == "wallet":
        rows += [
            (_("Wallet"), lines(value(target["address"], "m"), value(target["chain"]["name"], "t"))),
        ]
    else:
        rows += [(_("Account"), lines(value(target["account_number"], "m"), value(target["holder"], "t")))]
    rows += [
        (_("Reason"), optional(freeze.get("reason"))),
        (_("Proof of the hold"), optional(freeze.get("proof_of_hold"))),
        (_("Reason of the release"), optional(freeze.get("release_reason"))),
    ]
    blocks = [facts(rows), heading(_("People and times")), _people(freeze)]
    if freeze["amounts"]:
        blocks += [heading(_("Amounts")), _amounts(freeze["amounts"])]
    chain = target.get("chain")
    return item(
        said.numbered(_("Freeze %(number)s"), freeze["number"], target.get("holder") or chain["name"]),
        blocks,
        badge=said.word(freeze["status"]),
        marks=[said.fictional(freeze), chain["name"] if chain and chain["is_development"] else ""],
    )


def _basis(basis: Facts) -> Value:
    if basis["kind"] == "policy_hold":
        return lines(
            value(_("Policy hold: %(reason)s") % {"reason": basis["policy_hold"]}),
            value(_("formal order by %(moment)s") % {"moment": said.moment(basis["formal_order_by"])}, "t"),
        )
    return lines(
        value(
            _("Duty %(duty)s (%(kind)s) of order %(order)s")
            % {"duty": basis["obligation"], "kind": said.word(basis["duty"]), "order": basis["order"]}
        ),
        value(
            f"{said.word(basis['instrument'])}, {basis['issuing_authority']}, {basis['agency_reference']}",
            "t",
        ),
    )


def _people(freeze: Facts) -> Block:
    steps: list[tuple[str, Facts | None]] = [(_("Proposed"), freeze["proposed"])]
    steps += [(_("Approved") if given["agrees"] else _("Refused"), given) for given in freeze["approvals"]]
    steps += [
        (_("Applied"), freeze["applied"]),
        (_("Confirmed"), freeze["confirmed"]),
        (_("Release proposed"), freeze["release_proposed"]),
        (_("Released"), freeze["released"]),
    ]
    # A step of the usual course that has not come is said; a release that nobody asked for is not.
    always = {_("Proposed"), _("Applied"), _("Confirmed")}
    rows = []
    if not freeze["approvals"]:
        steps.insert(1, (_("Approved"), None))
        always.add(_("Approved"))
    for step, done in steps:
        if done is None and step not in always:
            continue
        rows.append(
            [
                value(step, "s"),
                value(_("not yet"), "u")
                if done is None
                else lines(value(said.name(done["by"])), optional(done.get("comment"), "t")),
                value(None if done is None else said.stamp(done["at"])),
            ]
        )
    return table([Column(_("Step"), 36), Column(_("By"), "1fr"), Column(_("When"), 46)], rows)


def _amounts(found: list[Facts]) -> Block:
    rows = []
    for each in found:
        asset, asked = each["asset"], each["ordered"]
        ordered = said.amount(asked, _("%(asset)s: whatever is there") % {"asset": asset})
        rows.append(
            [lines(ordered, worth.sums(asked)), *_known(_("When proposed"), each["at_proposal"], asset)]
        )
        rows.append([[], *_known(_("When applied"), each["at_application"], asset)])
        if behind := worth.prices(asked, asset, proposal=True):
            rows.append([[], value(_("What is ordered, when proposed"), "t"), lines(*behind)])
    return table([Column(_("Ordered held"), 34), Column(_("Balance"), "1fr"), Column(_("Proof"), 88)], rows)


def _known(title: str, known: Facts | None, asset: str) -> list[Value]:
    """A balance at a moment of the freeze with what it was worth, and the proof of both."""
    return [
        lines(said.figure(title, known), worth.sums(known)),
        lines(said.proof(known), *worth.prices(known, asset)),
    ]
