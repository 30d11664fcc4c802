"""The sections of a case file that show casework: subjects, wallets, accounts, orders, freezes, chronology."""

from typing import Any

from django.utils.translation import gettext as _

from cases.exports import said
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
    paragraphs,
    table,
    value,
)

Facts = dict[str, Any]


def _fictional(fact: Facts) -> str:
    return _("Fictional") if fact["is_fictional"] else ""


def _optional(text: str | None, style: str = "b") -> Value | None:
    return value(text, style) if text else None


def subjects(found: list[Facts]) -> list[Block]:
    """Whom the case is about; everything is alleged, with source and confidence."""
    if not found:
        return [nothing(_("The case names no subjects."))]
    return [
        item(
            said.numbered(_("Subject %(number)s"), subject["number"], subject["name"]),
            [
                facts(
                    [
                        (_("Kind"), value(said.word(subject["kind"]))),
                        (_("Alleged role"), value(said.word(subject["role"]))),
                        (
                            _("Aliases"),
                            lines(*[value(alias) for alias in subject["aliases"]])
                            if subject["aliases"]
                            else None,
                        ),
                        (_("List reference"), _optional(subject["list_reference"])),
                        (_("Known from"), said.attribution(subject["attribution"])),
                        (_("Added"), said.deed(subject["added"])),
                    ]
                ),
                *([heading(_("Remarks")), *paragraphs(subject["remarks"])] if subject["remarks"] else []),
            ],
            marks=[_fictional(subject)],
        )
        for subject in found
    ]


def wallets(found: list[Facts]) -> list[Block]:
    """Each wallet with its full address and what is known of every asset."""
    if not found:
        return [nothing(_("This file holds no wallets."))]
    return [_wallet(wallet) for wallet in found]


def _wallet(wallet: Facts) -> Block:
    chain = wallet["chain"]
    rows: list[tuple[str, Value | None]] = [
        (_("Chain"), value(chain["name"])),
        (_("Checksum"), value(wallet["checksum"]["text"])),
    ]
    if "attribution" in wallet:
        subject = wallet["subject"]
        rows += [
            (_("As typed"), value(wallet["typed"], "m") if wallet["typed"] != wallet["address"] else None),
            (_("Role"), value(said.word(wallet["role"]))),
            (
                _("Attributed to"),
                None
                if subject is None
                else value(
                    _("Subject %(number)s, %(name)s (alleged)")
                    % {"number": subject["number"], "name": subject["name"]}
                ),
            ),
            (_("Known from"), said.attribution(wallet["attribution"])),
            (_("Attached"), said.deed(wallet["attached"])),
            (_("Taken out of the case"), said.deed(wallet["detached"])),
        ]
    marks = [_fictional(wallet), chain["name"] if chain["is_development"] else ""]
    return item(
        said.numbered(_("Wallet %(number)s"), wallet["number"], wallet.get("label") or chain["name"]),
        [code(wallet["address"]), facts(rows), _balances(wallet["balances"])],
        marks=marks,
    )


def _balances(found: list[Facts]) -> Block:
    if not found:
        return nothing(_("No asset of this chain is known to the system."))
    return table(
        [
            Column(_("Asset"), 27),
            Column(_("Balance"), 50, right=True),
            Column(_("Block, source and time"), "1fr"),
        ],
        [_balance(each) for each in found],
    )


def _balance(known: Facts) -> list[Value]:
    asset, state = known["asset"], known["state"]
    name = lines(value(asset["symbol"], "s"), value(asset["name"], "t"))
    if known["amount"] is None:
        return [
            name,
            value(state["text"], "u"),
            value(known["error"] or "", "t") if known["error"] else value(None),
        ]
    figure = said.amount(known["amount"], "")
    if state["code"] != "ok":
        figure = lines(figure, value(state["text"], "s"))
    taken = _("from %(source)s, taken %(moment)s") % {
        "source": known["source"],
        "moment": said.stamp(known["taken_at"]),
    }
    confirmed = None
    if known["looked_at"] and known["looked_at"] != known["taken_at"]:
        confirmed = value(_("last confirmed %(moment)s") % {"moment": said.stamp(known["looked_at"])}, "t")
    contract = (
        value(_("contract %(address)s") % {"address": asset["contract"]}, "x") if asset["contract"] else None
    )
    return [name, figure, lines(said.block(known["block"]), value(taken, "t"), confirmed, contract)]


def accounts(found: list[Facts]) -> list[Block]:
    """Accounts at the exchange, with what its books said."""
    if not found:
        return [nothing(_("This file holds no exchange accounts."))]
    blocks = []
    for account in found:
        reported, subject = account["reported"], account.get("subject")
        rows = [
            (_("Account number"), value(account["account_number"], "m")),
            (_("Holder by the books"), value(account["holder"])),
            (
                _("Status at the exchange"),
                lines(value(said.word(reported["status"])), value(said.moment(reported["as_of"]), "t")),
            ),
            (
                _("Subject"),
                None
                if subject is None
                else value(
                    _("Subject %(number)s, %(name)s (alleged)")
                    % {"number": subject["number"], "name": subject["name"]}
                ),
            ),
            (_("Attached"), said.deed(account.get("attached"))),
            (_("Remarks"), _optional(account.get("remarks"))),
        ]
        blocks.append(
            item(
                said.numbered(_("Account %(number)s"), account["number"], account["holder"]),
                [facts(rows), _holdings(account["holdings"])],
                badge=said.word(reported["status"]),
                marks=[_fictional(account)],
            )
        )
    return blocks


def _holdings(found: list[Facts]) -> Block:
    if not found:
        return nothing(_("No holding is on record for this account."))
    return table(
        [Column(_("Observed"), 48), Column(_("Holding"), 56, right=True), Column(_("Source"), "1fr")],
        [
            [
                value(said.stamp(each["observed_at"])),
                said.amount(each["amount"], ""),
                lines(
                    value(each["source"]),
                    value(_("recorded %(moment)s") % {"moment": said.stamp(each["recorded_at"])}, "t"),
                ),
            ]
            for each in found
        ],
    )


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
            lines(value(order["requestor"]), _optional(order["requestor_email"], "t"))
            if order["requestor"]
            else None,
        ),
        (_("Issued"), said.when_in(order["issued"])),
        (_("Served"), said.when_in(order["served"])),
        (_("Received"), said.when_in(order["received"])),
        (
            _("Due (return date)"),
            None if due is None else lines(due, _optional(said.clock(order["clock"]), "s")),
        ),
        (
            _("Verified"),
            value(_("Not verified"), "s")
            if verification["verified"] is None
            else lines(said.deed(verification["verified"]), value(said.word(verification["method"]), "t")),
        ),
        (_("Contact, found independently"), _optional(order.get("verification_contact"))),
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
        marks=[_fictional(order)],
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
        (_("Reason"), _optional(freeze.get("reason"))),
        (_("Proof of the hold"), _optional(freeze.get("proof_of_hold"))),
        (_("Reason of the release"), _optional(freeze.get("release_reason"))),
    ]
    blocks = [facts(rows), heading(_("People and times")), _people(freeze)]
    if freeze["amounts"]:
        blocks += [heading(_("Amounts")), _amounts(freeze["amounts"])]
    chain = target.get("chain")
    return item(
        said.numbered(_("Freeze %(number)s"), freeze["number"], target.get("holder") or chain["name"]),
        blocks,
        badge=said.word(freeze["status"]),
        marks=[_fictional(freeze), chain["name"] if chain and chain["is_development"] else ""],
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
                else lines(value(said.name(done["by"])), _optional(done.get("comment"), "t")),
                value(None if done is None else said.stamp(done["at"])),
            ]
        )
    return table([Column(_("Step"), 36), Column(_("By"), "1fr"), Column(_("When"), 46)], rows)


def _amounts(found: list[Facts]) -> Block:
    rows = []
    for each in found:
        ordered = said.amount(each["ordered"], _("%(asset)s: whatever is there") % {"asset": each["asset"]})
        proposed, applied = each["at_proposal"], each["at_application"]
        rows.append([ordered, said.figure(_("When proposed"), proposed), said.proof(proposed)])
        rows.append([[], said.figure(_("When applied"), applied), said.proof(applied)])
    return table([Column(_("Ordered held"), 34), Column(_("Balance"), "1fr"), Column(_("Proof"), 88)], rows)


def chronology(found: list[Facts], *, inside: bool) -> list[Block]:
    """Every event in words, oldest first, each with its hash in the record."""
    said_first = (
        _("Every event of the case's record, in its sequence. Below each stands its hash.")
        if inside
        else _(
            "Every event of the record that concerns this matter, counted anew. Below each stands its hash."
        )
    )
    return [
        {"block": "text", "value": value(said_first)},
        table(
            [
                Column(_("No."), 10, right=True),
                Column(_("Done and recorded"), 44.5),
                Column(_("What"), "1fr"),
                Column(_("Who"), 26),
            ],
            [_event(entry) for entry in found],
        ),
    ]


def _event(entry: Facts) -> list[Value]:
    details = [value(f"{label}: {text}", "t") for label, text in entry["lines"]]
    return [
        value(entry["sequence"]),
        lines(
            value(said.stamp(entry["occurred_at"])),
            value(_("recorded %(moment)s") % {"moment": said.stamp(entry["recorded_at"])}, "t"),
        ),
        lines(value(entry["title"], "s"), *details, value(entry["hash"], "x")),
        lines(value(entry["actor"]), _optional(entry["role"], "t")),
    ]
