"""From content to pages: which sections there are, in which order, and the words around the facts.

Pure: takes the content's mapping and gives what `template.typ` typesets. All words are translated here; the template
holds none.
"""

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from cases.exports import said
from cases.exports.pieces import (
    Block,
    Column,
    code,
    facts,
    lines,
    nothing,
    notice,
    paragraphs,
    run,
    table,
    value,
)
from cases.exports.register import freezes, orders
from cases.exports.sections import accounts, chronology, subjects, wallets

Facts = dict[str, Any]
DATA_FILE = "case-file.json"


def laid_out(content: Facts, *, data_sha256: str) -> Facts:
    """The whole file as the template takes it. `data_sha256` is the digest of the attached canonical JSON."""
    file = content["file"]
    at = datetime.fromisoformat(file["as_of"]).astimezone(UTC)
    title = _title(content)
    mark = _mark(content)
    page_before, page_between, page_after = (
        _("Page %(page)s of %(pages)s").replace("%(page)s", "\0").replace("%(pages)s", "\0").split("\0")
    )
    return {
        "language": file["language"].split("-")[0],
        "document": {
            "title": run(f"{_kind(content)} {reference(content)}")[2:],
            "author": file["product"],
            "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
        },
        "head": {"left": run(f"{_kind(content)} {reference(content)}"), "right": run(mark)},
        "foot": {
            "left": run(
                _("Export %(export)s · as of %(moment)s")
                % {"export": file["export"], "moment": said.moment(file["as_of"])}
            ),
            "page": [page_before, page_between, page_after],
        },
        "cover": _cover(content, title=title, mark=mark),
        "contents": value(_("Contents"))[0],
        "sections": [section for section in _sections(content, data_sha256) if section is not None],
        "attachment": {
            "name": DATA_FILE,
            "description": _("The data of this file as canonical JSON"),
            "sha256": data_sha256,
        },
    }


def reference(content: Facts) -> str:
    """What the reader calls it: the case's reference, or the matter's own."""
    found: str = content["matter" if "matter" in content else "case"]["reference"]
    return found


def _kind(content: Facts) -> str:
    return _("Matter") if "matter" in content else _("Case")


def _title(content: Facts) -> str:
    if "matter" in content:
        order = content["orders"][0]
        return f"{said.word(order['instrument'])} · {order['agency_reference']}"
    title: str = content["case"]["title"]
    return title


def _mark(content: Facts) -> str:
    """The handling mark: an inside file carries the case's classification, one for outside says for whom it is."""
    if "matter" in content:
        words = _("Confidential – for %(agency)s only") % {"agency": content["matter"]["liaison"]["agency"]}
    else:
        words = said.word(content["case"]["classification"])
    return words.upper()


def _development(content: Facts) -> str:
    names = {w["chain"]["name"] for w in content["wallets"] if w["chain"]["is_development"]}
    return ", ".join(sorted(names))


def notices(content: Facts) -> list[Block]:
    """What must be seen before anything else is read."""
    found = []
    if content["fictional_notice"]:
        found.append(notice(_("Fictional parts"), content["fictional_notice"]))
    if name := _development(content):
        found.append(
            notice(
                name,
                _(
                    "Some balances were read from a development chain on one machine. It is no public chain, its "
                    "coins have no value, and what it says proves nothing about any other chain."
                ),
            )
        )
    if content["file"]["demonstration"]:
        found.append(
            notice(_("Demonstration"), _("This file was made by an installation for demonstration."), "info")
        )
    if not content["record"]["intact"]:
        found.append(
            notice(
                _("The record does not hold together"),
                _(
                    "The chain of the record was recomputed for this file and does not fit. Do not rely on it."
                ),
                "bad",
            )
        )
    return found


def _cover(content: Facts, *, title: str, mark: str) -> Facts:
    file = content["file"]
    requested = file["requested"]
    rows = [
        (_("Reference"), value(reference(content), "m")),
        (_("Export ID"), value(file["export"], "m")),
        (_("As of"), said.when(file["as_of"])),
        (_("Audience and profile"), value(said.word(file["profile"]))),
        (_("Handling mark"), value(mark)),
    ]
    if "matter" in content:
        matter, order = content["matter"], content["orders"][0]
        rows += [
            (_("Made for"), value(said.name(matter["liaison"]))),
            (_("Purpose"), value(matter["purpose"])),
            (_("Issuing authority"), value(order["issuing_authority"])),
        ]
    else:
        case = content["case"]
        rows += [
            (_("Typology"), value(said.word(case["typology"]))),
            (
                _("Status"),
                value(" · ".join(filter(None, [said.word(case["status"]), said.word(case["disposition"])]))),
            ),
            (_("Lead"), value(said.name(case["lead"]))),
        ]
    rows += [
        (_("Asked for by"), said.deed(requested)),
        (_("Made with"), value(f"{file['product']} {file['product_version']}")),
    ]
    return {
        "eyebrow": run(_("Matter file") if "matter" in content else _("Case file")),
        "product": run(file["product"]),
        "title": run(title),
        "mark": run(mark),
        "facts": facts(rows),
        "blocks": notices(content),
        "counts": [
            {"count": value(len(content[key])), "label": value(label)}
            for key, label in (
                ("subjects", _("Subjects")),
                ("wallets", _("Wallets")),
                ("accounts", _("Accounts")),
                ("orders", _("Legal orders")),
                ("freezes", _("Freezes")),
                ("chronology", _("Events")),
            )
            if key in content
        ],
    }


def _section(title: str, blocks: list[Block], *, new_page: bool = False) -> Facts:
    return {"title": run(title), "blocks": blocks, "new_page": new_page}


def _sections(content: Facts, data_sha256: str) -> list[Facts | None]:
    inside = "case" in content
    return [
        _section(_("Scope of this file"), _scope(content), new_page=True),
        _section(_("Subjects"), subjects(content["subjects"])) if inside else None,
        _section(_("Wallets and balances"), wallets(content["wallets"])),
        _section(_("Exchange accounts"), accounts(content["accounts"])),
        _section(_("Order register") if inside else _("The legal order"), orders(content["orders"])),
        _section(_("Freezes"), freezes(content["freezes"])),
        _section(_("Shares with authorities"), _shares(content["shares"])) if inside else None,
        _section(_("Notes"), _notes(content["notes"])) if inside else None,
        _section(_("Chronology"), chronology(content["chronology"], inside=inside), new_page=True),
        _section(_("How this system makes and keeps the record"), _system(content), new_page=True),
        _section(_("Receipt"), _receipt(content, data_sha256), new_page=True),
    ]


def _scope(content: Facts) -> list[Block]:
    blocks: list[Block] = [{"block": "text", "value": value(text)} for text in content["scope"]]
    case = content.get("case")
    if case is None:
        return blocks
    if case["summary"]:
        blocks += [{"block": "heading", "title": run(_("Summary"))}, *paragraphs(case["summary"])]
    blocks += [
        {"block": "heading", "title": run(_("The case"))},
        facts(
            [
                (_("Title"), value(case["title"])),
                (_("Tags"), value(", ".join(case["tags"])) if case["tags"] else None),
                (_("Opened"), said.deed(case["opened"])),
                (_("Closed"), said.deed(case["closed"])),
            ]
        ),
        {"block": "heading", "title": run(_("Members"))},
        table(
            [Column(_("Person"), "2fr"), Column(_("From"), 48), Column(_("Until"), 48)],
            [
                [
                    lines(
                        value(said.name(member["person"])),
                        value(_("may only read"), "t") if member["reader"] else None,
                    ),
                    value(said.stamp(member["from"])),
                    value(said.stamp(member["until"])),
                ]
                for member in case["members"]
            ],
        ),
    ]
    return blocks


def _shares(found: list[Facts]) -> list[Block]:
    if not found:
        return [nothing(_("Nothing of this case is or was shared."))]
    return [
        table(
            [
                Column(_("Matter"), 30),
                Column(_("Liaison and purpose"), "2fr"),
                Column(_("Shared"), 46),
                Column(_("Ends"), 46),
            ],
            [
                [
                    lines(
                        value(share["reference"], "m"),
                        value(_("Order %(number)s") % {"number": share["order"]}, "t"),
                    ),
                    lines(value(said.name(share["liaison"]), "s"), value(share["purpose"])),
                    said.deed(share["shared"], short=True) or value(None),
                    said.deed(share["ended"])
                    or value(said.moment(share["ends_at"]) or _("when it is ended")),
                ]
                for share in found
            ],
        )
    ]


def _notes(found: list[Facts]) -> list[Block]:
    if not found:
        return [nothing(_("The case has no notes."))]
    blocks: list[Block] = []
    for note in found:
        blocks.append({"block": "heading", "title": run(_("Note %(number)s") % {"number": note["number"]})})
        blocks.append(
            {
                "block": "text",
                "value": value(
                    f"{said.name(note['written']['by'])} · {said.moment(note['written']['at'])}", "t"
                ),
            }
        )
        blocks += paragraphs(note["text"])
    return blocks


def _system(content: Facts) -> list[Block]:
    system, file = content["system"], content["file"]
    titles = {
        "balances": _("Balances"),
        "holdings": _("Holdings of accounts"),
        "values": _("Values in currencies"),
        "freezes": _("Freezes"),
        "papers": _("Papers"),
        "record": _("The record"),
        "file": _("This file"),
    }
    blocks: list[Block] = [
        facts(
            [
                (_("System"), value(f"{file['product']} {file['product_version']}")),
                *[(title, value(system[key])) for key, title in titles.items()],
            ]
        )
    ]
    if system["chains"]:
        blocks += [
            {"block": "heading", "title": run(_("Finality of the chains in this file"))},
            facts([(chain["name"], value(chain["finality"])) for chain in system["chains"]]),
        ]
    return blocks


def _receipt(content: Facts, data_sha256: str) -> list[Block]:
    file, record, manifest = content["file"], content["record"], content["manifest"]
    rows = [
        (_("Export ID"), value(file["export"], "m")),
        (_("As of"), said.when(file["as_of"])),
        (_("Asked for by"), said.deed(file["requested"])),
        (_("SHA-256 of the data"), value(data_sha256, "m")),
        (
            _("Record recomputed"),
            value(_("The sequence and every hash fit."))
            if record["intact"]
            else value(
                _("It does not fit: %(reason)s") % {"reason": record.get("reason", _("see the case"))}, "s"
            ),
        ),
        (_("Head of the record"), value(record["head"], "m")),
    ]
    if "length" in record:
        rows += [
            (_("Events in the record"), value(record["length"])),
            (_("Stream"), value(record["stream"], "m")),
        ]
    blocks = [
        {
            "block": "text",
            "value": value(
                _(
                    "The data of this file are attached to it as “%(name)s”, in canonical JSON (RFC 8785). The digest "
                    "below is the SHA-256 of those bytes: save the attachment and compute it anew."
                )
                % {"name": DATA_FILE}
            ),
        },
        facts(rows),
        {"block": "heading", "title": run(_("SHA-256 of this PDF"))},
        {
            "block": "text",
            "value": value(
                _(
                    "A file cannot hold its own digest. The SHA-256 of the PDF stands on the receipt of export "
                    "%(export)s in the system, and in the case's record as the event “export.ready”. Compare it with "
                    "the digest of the file that you hold."
                )
                % {"export": file["export"]}
            ),
        },
        {"block": "heading", "title": run(_("Manifest of papers"))},
    ]
    if not manifest:
        blocks.append(nothing(_("No papers are attached to the orders in this file.")))
    for paper in manifest:
        caption = _("Order %(order)s, paper %(number)s: %(name)s (%(size)s bytes)") % {
            "order": paper["order"],
            "number": paper["number"],
            "name": paper["filename"],
            "size": paper["size"],
        }
        blocks.append(code(paper["sha256"], caption))
    return blocks
