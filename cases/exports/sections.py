"""The sections of a case file on whom and what it is about: subjects, wallets, accounts; and its chronology."""

from typing import Any

from django.utils.translation import gettext as _

from cases.exports import said, worth
from cases.exports.pieces import (
    Block,
    Column,
    Value,
    code,
    facts,
    item,
    lines,
    nothing,
    optional,
    table,
    value,
)

Facts = dict[str, Any]


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
                        (_("Role in the case"), value(said.word(subject["role"]))),
                        (
                            _("Aliases"),
                            lines(*[value(alias) for alias in subject["aliases"]])
                            if subject["aliases"]
                            else None,
                        ),
                        (_("List reference"), optional(subject["list_reference"])),
                        (_("Known from"), said.attribution(subject["attribution"])),
                        (_("Remarks"), optional(subject["remarks"])),
                        (_("Added"), said.deed(subject["added"])),
                    ]
                ),
            ],
            marks=[said.fictional(subject)],
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
    marks = [said.fictional(wallet), chain["name"] if chain["is_development"] else ""]
    return item(
        said.numbered(_("Wallet %(number)s"), wallet["number"], wallet.get("label") or chain["name"]),
        [code(wallet["address"]), facts(rows), _balances(wallet)],
        marks=marks,
    )


def _balances(wallet: Facts) -> Block:
    found = wallet["balances"]
    if wallet.get("detached"):
        return nothing(_("Taken out of the case: its balances are not looked up any more."))
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
    unchanged = None
    if known["changed_at"] and known["changed_at"] != known["looked_at"]:
        unchanged = value(_("unchanged since %(moment)s") % {"moment": said.stamp(known["changed_at"])}, "t")
    contract = (
        value(_("contract %(address)s") % {"address": asset["contract"]}, "x") if asset["contract"] else None
    )
    return [
        name,
        lines(figure, worth.sums(known)),
        lines(
            said.block(known["block"]),
            *said.looked(known),
            unchanged,
            *worth.prices(known, asset["symbol"]),
            contract,
        ),
    ]


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
            (_("Remarks"), optional(account.get("remarks"))),
        ]
        blocks.append(
            item(
                said.numbered(_("Account %(number)s"), account["number"], account["holder"]),
                [facts(rows), _holdings(account["holdings"])],
                badge=said.word(reported["status"]),
                marks=[said.fictional(account)],
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
                lines(said.amount(each["amount"], ""), worth.sums(each)),
                lines(
                    value(each["source"]),
                    value(_("recorded %(moment)s") % {"moment": said.stamp(each["recorded_at"])}, "t"),
                    *worth.prices(each, each["amount"]["symbol"]),
                ),
            ]
            for each in found
        ],
    )


def chronology(found: list[Facts], *, inside: bool) -> list[Block]:
    """Every event in words, oldest first, each with its hash in the record."""
    introduction = (
        _(
            "Every event of the case's record, in its sequence: when it was done, and below when the database "
            "recorded it. Under each event stands its hash in the record."
        )
        if inside
        else _(
            "Every event of the record that concerns this matter, counted anew: when it was done, and below when the "
            "database recorded it. Under each event stands its hash in the record."
        )
    )
    return [
        {"block": "text", "value": value(introduction)},
        table(
            [
                Column(_("No."), 10, right=True),
                Column(_("Done, recorded"), 44.5),
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
            value(said.stamp(entry["recorded_at"]), "t"),
        ),
        lines(value(entry["title"], "s"), *details, value(entry["hash"], "x")),
        lines(value(entry["actor"]), optional(entry["role"], "t")),
    ]
