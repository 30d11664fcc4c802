"""The particulars of a subject as a page may show them: masked; and found again by an exact value."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cases.models import Case, Particular, ParticularKind, Subject
from cases.sealing import blind
from cases.sealing.envelope import CannotUnseal, KeyDestroyed, unseal

# How a value is looked for, by kind; what is not here is not looked for (days of birth and postal addresses are too
# alike: a digest of them could be guessed by whoever holds the key).
_NUMBER, _EMAIL, _PHONE = "number", "email", "phone"
_CLASSES = {
    ParticularKind.PASSPORT: _NUMBER,
    ParticularKind.NATIONAL_ID: _NUMBER,
    ParticularKind.TAX_ID: _NUMBER,
    ParticularKind.REGISTRATION: _NUMBER,
    ParticularKind.OTHER_ID: _NUMBER,
    ParticularKind.EMAIL: _EMAIL,
    ParticularKind.PHONE: _PHONE,
}
_NORMALISED = {_NUMBER: blind.letters_and_digits, _EMAIL: blind.folded, _PHONE: blind.digits}
MASK = "••••"
SHOWN = 4
# So many signs stay hidden at least: of a shorter number nothing is shown.
HIDDEN = 4


def bound_to(row: Particular) -> bytes:
    """What a sealed value belongs to: its table, its field, its row."""
    return b"cases_particular|sealed_value|" + row.uuid.bytes


def opened(row: Particular) -> str:
    """The value in full, for an action that tells of it. Raises KeyDestroyed, CannotUnseal."""
    return unseal(row.case.stream.uuid, bytes(row.sealed_value), bound=bound_to(row)).decode()


def index_of(kind: str, value: str) -> tuple[int, bytes] | None:
    """The newest search key and the digest under it; None for what is not looked for. Raises NoMasterKey."""
    form = _CLASSES.get(ParticularKind(kind))
    if form is None:
        return None
    normalised = _NORMALISED[form](value)
    if len(normalised) < blind.SHORTEST:
        return None
    key = blind.current()
    return key, blind.digest(form, normalised, key=key)


def masked(kind: str, value: str) -> str:
    """As a page shows it unasked: of a number or a telephone number the last four signs, of the rest nothing."""
    form = _CLASSES.get(ParticularKind(kind))
    normalised = _NORMALISED[form](value) if form in {_NUMBER, _PHONE} else ""
    return MASK + (normalised[-SHOWN:].upper() if len(normalised) >= SHOWN + HIDDEN else "")


@dataclass(frozen=True, slots=True)
class Shown:
    """A particular and what may be seen of it; `readable` is False where its value is gone or was changed."""

    row: Particular
    masked: str
    readable: bool


def shown(row: Particular) -> Shown:
    """The particular masked, or in words why it cannot be read."""
    try:
        return Shown(row, masked(row.kind, opened(row)), readable=True)
    except KeyDestroyed:
        return Shown(row, _("no longer kept"), readable=False)
    except (CannotUnseal, UnicodeDecodeError):
        return Shown(row, _("cannot be read: what is stored is not what was written"), readable=False)


def of_case(case: Case) -> "QuerySet[Particular]":
    return Particular.objects.filter(case=case).select_related(
        "subject", "added_by", "withdrawn_by", "case__stream"
    )


def of_subject(subject: Subject) -> list[Shown]:
    """Those that count first, then the withdrawn ones; one query, and one for the case's key."""
    rows = of_case(subject.case).filter(subject=subject).order_by("number")
    return sorted((shown(row) for row in rows), key=lambda one: one.row.withdrawn_at is not None)


def digests_of(text: str) -> list[bytes]:
    """Every digest under which the text could be found, by each kind and each search key. Raises NoMasterKey."""
    keys = blind.numbers()
    normalised = {form: make(text) for form, make in _NORMALISED.items()}
    return [
        blind.digest(form, value, key=key)
        for form, value in normalised.items()
        if len(value) >= blind.SHORTEST
        for key in keys
    ]
