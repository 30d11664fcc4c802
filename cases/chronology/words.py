"""From the values in an event's details to words: labels of codes, moments, amounts, changes."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import (
    AlertKind,
    Authority,
    CallKind,
    Case,
    CaseTask,
    ChecklistItem,
    ClockRule,
    Confidence,
    ContactKind,
    CustodyKind,
    ExchangeAccount,
    FileState,
    FindingOutcome,
    FreezeScope,
    Instrument,
    InstrumentType,
    LegalOrder,
    Obligation,
    ObligationKind,
    ParticularKind,
    ProofKind,
    ReminderKind,
    RetentionClass,
    Rung,
    ScanState,
    SelectorKind,
    Subject,
    SubjectKind,
    SubjectRole,
    Told,
    Typology,
    VerificationMethod,
    WalletRole,
)
from cases.models.accounts import AccountStatus
from cases.models.cases import Classification
from cases.models.exports import ExportProfile
from cases.models.reminders import STEP_WORDS
from cases.people.models import Role, User
from cases.reminding import Step
from cases.status import CHOICES, Disposition
from wallets.amounts import to_text
from wallets.chains import CHAINS

Words = Callable[[Any], str | None]
Text = str | Promise


def moment_text(moment: datetime, *, short: bool = False) -> str:
    """A moment in UTC as people read it: `24 September 2023, 10:04:00 UTC`; `short` for `24 Sep 2023, …`."""
    return f"{date_format(moment.astimezone(UTC), 'j M Y, H:i:s' if short else 'j F Y, H:i:s')} UTC"


def moment(value: Any) -> str | None:
    """An event's moment (RFC 3339) in words; None for none."""
    return moment_text(datetime.fromisoformat(value)) if value else None


def text(value: Any) -> str | None:
    """Free text as it was written; None for nothing."""
    return str(value) if value not in (None, "") else None


def number(value: Any) -> str | None:
    """A number within the case."""
    return None if value is None else str(value)


def person(value: Any) -> str | None:
    """A person's name as it was at that time."""
    return str(value["name"]) if value else None


def base_units(which: str) -> Words:
    """One amount of an event, with its asset."""

    def said(details: Mapping[str, Any]) -> str | None:
        return amount_text(details.get(which), details["decimals"], details["asset"])

    return said


def reminder_step(value: Any) -> str | None:
    """A step of the ladder of reminders."""
    return str(STEP_WORDS[Step(value)]) if value in [*Step] else None


WAYS: Mapping[str, Text] = {
    "password": gettext_lazy("password"),
    "totp": gettext_lazy("code of an authenticator app"),
    "recovery_codes": gettext_lazy("recovery code"),
    "webauthn": gettext_lazy("passkey"),
    "password_reset": gettext_lazy("password reset by mail"),
    "code": gettext_lazy("code of an authenticator app, or recovery code"),
}
WHY_NOT: Mapping[str, Text] = {
    "wrong": gettext_lazy("it did not fit"),
    "too_many": gettext_lazy("too many tries; it was not looked at"),
    "unknown": gettext_lazy("nobody's token"),
    "revoked": gettext_lazy("revoked"),
    "ended": gettext_lazy("its time is over"),
    "locked_out": gettext_lazy("she may not log in"),
}


def ways(value: Any) -> str | None:
    """By what somebody logged in."""
    return ", ".join(str(WAYS.get(way, way)) for way in value) if value else None


def way(value: Any) -> str | None:
    """What somebody showed."""
    return str(WAYS.get(value, value)) if value else None


def why_not(value: Any) -> str | None:
    """Why it was not taken."""
    return str(WHY_NOT.get(value, value)) if value else None


def somebody(value: Any) -> str | None:
    """A person's name, or that nobody has the e-mail that was typed."""
    return person(value) or _("an e-mail that is nobody's")


def people(value: Any) -> str | None:
    """Several persons, by name."""
    return "; ".join(name for one in value if (name := person(one))) or None if value else None


def _label(choices: type[models.TextChoices]) -> Words:
    def words(value: Any) -> str | None:
        if not value:
            return None
        return str(choices(value).label) if value in choices.values else str(value)

    return words


def status(table: str) -> Words:
    """The word for a status of one of the status tables."""
    return _label(CHOICES[table])


typology = _label(Typology)
told = _label(Told)
disposition = _label(Disposition)
classification = _label(Classification)
role = _label(Role)
subject_kind = _label(SubjectKind)
particular_kind = _label(ParticularKind)
custody = _label(CustodyKind)
scan = _label(ScanState)
file_state = _label(FileState)
subject_role = _label(SubjectRole)
wallet_role = _label(WalletRole)
alert_kind = _label(AlertKind)
confidence = _label(Confidence)
account_status = _label(AccountStatus)
instrument = _label(Instrument)
verification_method = _label(VerificationMethod)
duty_kind = _label(ObligationKind)
selector_kind = _label(SelectorKind)
finding = _label(FindingOutcome)
proof_kind = _label(ProofKind)
contact_kind = _label(ContactKind)
freeze_scope = _label(FreezeScope)
reminder_kind = _label(ReminderKind)
rung = _label(Rung)
export_profile = _label(ExportProfile)
call_kind = _label(CallKind)
checklist_item = _label(ChecklistItem)


def chain(value: Any) -> str | None:
    """A chain's name; the development chain's says what it is."""
    return str(CHAINS[value].name) if value in CHAINS else text(value)


def checksum(value: Any) -> str | None:
    """What the checksum of an address says."""
    return {"valid": _("Checksum valid"), "none": _("No checksum in the address")}.get(value, text(value))


def listed(value: Any) -> str | None:
    """Several texts in one line."""
    return ", ".join(str(item) for item in value) if value else None


def yes(value: Any) -> str | None:
    """Said only where it is so."""
    return _("Yes") if value else None


def size(value: Any) -> str | None:
    """A size in bytes."""
    return None if value is None else _("%(count)s bytes") % {"count": value}


def target_wallet(value: Any) -> str | None:
    """A freeze's target: the address."""
    return str(value["address"]) if value else None


def target_account(value: Any) -> str | None:
    """A freeze's target: the account number."""
    return str(value["account"]) if value else None


def duties(value: Any) -> str | None:
    """The duties in an order as it was recorded."""
    parts = []
    for duty in value or []:
        due = moment(duty.get("due_at"))
        words = f"{duty['number']}. {duty_kind(duty['kind'])}: {duty['text']}"
        parts.append(f"{words} ({_('due %(moment)s') % {'moment': due}})" if due else words)
    return "\n".join(parts) or None


def count(value: Any) -> str | None:
    """A number that is worth a word only where it is not zero."""
    return str(value) if value else None


def selector(details: Mapping[str, Any]) -> str | None:
    """What an order names, exactly as it names it, with its range; from the whole of the event's details."""
    words = f"{selector_kind(details.get('kind'))}: {details.get('value', '')}"
    first, last = moment(details.get("starts_at")), moment(details.get("ends_at"))
    if first or last:
        words = f"{words} ({first or '…'} – {last or '…'})"
    return words


def selectors(value: Any) -> str | None:
    """All that an order names."""
    return "\n".join(f"{row['number']}. {selector(row)}" for row in value or []) or None


def proofs(value: Any) -> str | None:
    """What shows that a duty was carried out."""
    lines = []
    for row in value or []:
        named = row.get("paper") or row.get("freeze") or row.get("transfer") or row.get("export") or ""
        parts = [f"{proof_kind(row['kind'])} {named}".strip(), row.get("note") or ""]
        lines.append(": ".join(part for part in parts if part))
    return "\n".join(lines) or None


def followed(value: Any) -> str | None:
    """What moved along: the duty that a freeze rests on, and its order."""
    if not value:
        return None
    parts = []
    if "to" in value:
        parts.append(
            _("duty %(number)s: %(to)s")
            % {"number": value.get("obligation"), "to": status("obligation")(value["to"])}
        )
    for step in (value.get("order") or {}).get("moves", []):
        parts.append(_("order: %(to)s") % {"to": status("order")(step)})
    return "; ".join(parts) or None


def order_steps(value: Any) -> str | None:
    """The statuses that the order of a duty went through because the duty moved."""
    return ", ".join(str(status("order")(step)) for step in (value or {}).get("moves", [])) or None


def amount_text(base_units: str | None, decimals: int, symbol: str) -> str | None:
    """Base units, as they stand in an event, in exact decimals with the symbol; None stays None."""
    return None if base_units is None else f"{to_text(int(base_units), decimals, group=True)} {symbol}"


def _proof(proof: Mapping[str, Any] | None, decimals: int, symbol: str) -> str:
    if proof is None:
        return _("balance not known at that moment")
    known = amount_text(proof["amount"], decimals, symbol)
    if "block_height" in proof:
        return _("balance %(amount)s at block %(height)s of %(time)s, from %(provider)s") % {
            "amount": known,
            "height": proof["block_height"],
            "time": moment(proof["block_time"]),
            "provider": proof["provider"],
        }
    return _("holding %(amount)s as of %(time)s, by %(source)s") % {
        "amount": known,
        "time": moment(proof["observed_at"]),
        "source": proof["source"],
    }


def amounts(which: str) -> Words:
    """The assets of a freeze with what was there when it was `proposed` or `applied`."""

    def words(value: Any) -> str | None:
        lines = []
        for row in value or []:
            asked = amount_text(row["amount"], row["decimals"], row["asset"])
            first = asked or _("%(asset)s, whatever is there") % {"asset": row["asset"]}
            lines.append(f"{first}: {_proof(row[which], row['decimals'], row['asset'])}")
        return "\n".join(lines) or None

    return words


def parts(value: Any) -> str | None:
    """How much of each asset, and what is still held of it where that is said."""
    found = []
    for part in value or []:
        said = amount_text(part["amount"], part["decimals"], part["asset"]) or _("not known")
        left = part.get("still_held")
        if left is not None:
            said = _("%(amount)s (still held: %(left)s)") % {
                "amount": said,
                "left": amount_text(left, part["decimals"], part["asset"]),
            }
        found.append(said)
    return "; ".join(found) or None


def legs(value: Any) -> str | None:
    """The transactions of a transfer, with what the chain said of each."""
    found = []
    for leg in value or []:
        said = amount_text(leg["amount"], leg["decimals"], leg["asset"]) or ""
        if leg["test"]:
            said = _("%(amount)s (test)") % {"amount": said}
        if leg["txid"]:
            said = f"{said}: {leg['txid']}"
        if leg["block_height"] is not None:
            said = _("%(said)s, block %(block)s, %(count)s confirmations") % {
                "said": said,
                "block": leg["block_height"],
                "count": leg["confirmations"],
            }
        found.append(said)
    return "; ".join(found) or None


def fee(details: Mapping[str, Any]) -> str | None:
    """A transaction's fee in the chain's native coin."""
    return amount_text(details.get("fee"), details.get("fee_decimals", 0), details.get("fee_asset", ""))


def restriction(value: Any) -> str | None:
    """What a token's contract says of an address."""
    words = {
        "restricted": _("blocked"),
        "not_restricted": _("not blocked"),
        "no_list": _("it cannot be asked"),
    }
    return words.get(value, str(value))


def approval_threshold(details: Mapping[str, Any] | None) -> str | None:
    """From how much of what two approve."""
    if not details or details.get("amount") is None:
        return None
    return amount_text(details["amount"], details["decimals"], details["asset"] or details["currency"])


def holding(details: Mapping[str, Any]) -> str | None:
    """An account's holding, from the whole of the event's details."""
    return amount_text(details.get("amount"), details["decimals"], details["asset"])


def _seen(details: Mapping[str, Any], which: str) -> str | None:
    look = details.get(which)
    if not look:
        return None
    return _("%(amount)s at block %(height)s of %(time)s, looked at %(looked)s, from %(provider)s") % {
        "amount": amount_text(look["amount"], details["decimals"], details["asset"]),
        "height": look["block_height"],
        "time": moment(look["block_time"]),
        "looked": moment(look["looked_at"]),
        "provider": look["provider"],
    }


def balance_before(details: Mapping[str, Any]) -> str | None:
    """What the look before had confirmed, from the whole of the event's details."""
    return _seen(details, "before")


def balance_after(details: Mapping[str, Any]) -> str | None:
    """What the look found, from the whole of the event's details."""
    return _seen(details, "after")


def movement(details: Mapping[str, Any]) -> str | None:
    """By how much the balance moved, with its sign."""
    moved = int(details["after"]["amount"]) - int(details["before"]["amount"])
    text = amount_text(str(moved), details["decimals"], details["asset"])
    return f"+{text}" if moved > 0 else text


def contradiction(details: Mapping[str, Any]) -> str | None:
    """What each source said, and at which block."""
    lines = [
        f"{said['provider']}: {amount_text(said['amount'], details['decimals'], details['asset'])}"
        for said in details["said"]
    ]
    look = details["look"]
    lines.append(
        _("at block %(height)s of %(time)s")
        % {"height": look["block_height"], "time": moment(look["block_time"])}
    )
    return "\n".join(lines)


def retention(value: Any) -> str | None:
    """How long a record is kept, by which source, from which day, and the day on which it may go."""
    if not value:
        return None
    return _("%(label)s (%(source)s), counted from %(from)s: may go on %(day)s") % {
        "label": value["label"],
        "source": value["source"],
        "from": day(value["counted_from"]),
        "day": day(value["may_go_on"]),
    }


def day(value: Any) -> str | None:
    """A calendar day: `24 September 2023`."""
    return date_format(date.fromisoformat(value), "j F Y") if value else None


def about(value: Any) -> str | None:
    """What a task is about."""
    if not value:
        return None
    words = {
        "order": _("Order %(number)s"),
        "obligation": _("Duty %(number)s"),
        "freeze": _("Freeze %(number)s"),
        "alert": _("Alert %(number)s"),
    }
    return words[value["kind"]] % {"number": value["number"]}


def named(value: Any) -> str | None:
    """A thing of the case by its number and its name as it was at that time."""
    return f"{value['number']}: {value['text']}" if value else None


def numbers(value: Any) -> str | None:
    """The numbers of what an act names by nothing else."""
    return ", ".join(str(number) for number in value or []) or None


def threshold(details: Mapping[str, Any]) -> str | None:
    """The smallest movement that is told."""
    return amount_text(details.get("minimum"), details["decimals"], details["asset"])


def old_threshold(details: Mapping[str, Any]) -> str | None:
    """The threshold that stood before."""
    return amount_text(details.get("old"), details["decimals"], details["asset"])


# ── Changes: {field: [old, new]} ──────────────────────────────────────────────────────────────────────────

MODELS: dict[str, type[models.Model]] = {
    "case": Case,
    "subject": Subject,
    "account": ExchangeAccount,
    "order": LegalOrder,
    "obligation": Obligation,
    "instrument": InstrumentType,
    "clock_rule": ClockRule,
    "task": CaseTask,
    "retention_class": RetentionClass,
    "authority": Authority,
    "person": User,
}


def _changed_value(field: "models.Field[Any, Any] | None", value: Any) -> str:
    if value in (None, "", []):
        return _("nothing")
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("text") or "")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    choices = dict(field.flatchoices) if field is not None else {}
    if value in choices:
        return str(choices[value])
    if isinstance(field, models.DateTimeField):
        return moment(value) or ""
    return str(value)


# What may be told outside of a change; any other field stays inside.
SHARED_CHANGES = {"obligation": frozenset({"due_at"})}


def changes(model: str, value: Mapping[str, Any], *, outside: bool) -> list[tuple[str, str]]:
    """One line per changed field: its name, and old → new."""
    lines = []
    for name, (old, new) in value.items():
        if outside and name not in SHARED_CHANGES.get(model, frozenset()):
            continue
        try:
            field = MODELS[model]._meta.get_field(name)
        except FieldDoesNotExist:
            field = None
        plain = field if isinstance(field, models.Field) else None
        label = str(plain.verbose_name) if plain is not None else name
        label = label[:1].upper() + label[1:]
        lines.append((label, f"{_changed_value(plain, old)} → {_changed_value(plain, new)}"))
    return lines
