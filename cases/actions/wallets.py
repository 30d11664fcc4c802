"""Wallets through a case: attach, detach, ask for fresh balances."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import outbox
from cases.access import Grant
from cases.actions.base import ActionError, NoSuchItem, lock_open_case, next_number, write_event
from cases.actions.subjects import subject_in
from cases.models import Case, CaseWallet, FreezeOrder
from cases.permissions import Permission
from cases.status import FREEZE_FINAL
from wallets import addresses, snapshots
from wallets.models import Wallet

OPEN_CASE_CADENCE = timedelta(hours=1)


def watch_key(case: Case) -> str:
    """The opaque key under which a case says that it wants a wallet looked at."""
    return f"case:{case.stream.uuid}"


def wallet_in(case: Case, number: int) -> CaseWallet:
    """The attached wallet with this number in the case. Raises NoSuchItem."""
    found = CaseWallet.objects.select_related("wallet").filter(case=case, number=number).first()
    if found is None:
        raise NoSuchItem(_("The case has no such wallet."), field="wallet")
    return found


@transaction.atomic
def attach_wallet(
    *,
    grant: Grant,
    at: datetime,
    chain: str,
    address: str,
    role: str,
    attribution_source: str,
    attribution_confidence: str,
    label: str = "",
    subject_number: int | None = None,
    is_fictional: bool = False,
) -> CaseWallet:
    """Attach a wallet and have its balances read. Keeps what was typed beside the canonical form.

    An invalid address is refused with its reason (checksum, network, length, form).
    """
    grant.require(Permission.WALLETS)
    case = lock_open_case(grant, at=at)
    try:
        parsed = addresses.parse(chain, address)
    except addresses.AddressError as error:
        raise ActionError(
            error.message, field="chain" if error.reason_code == "unknown_chain" else "address"
        ) from error
    if not attribution_source.strip():
        raise ActionError(_("Say where this is known from."), field="attribution_source")
    wallet = snapshots.ensure_wallet(chain=chain, text=address)
    if CaseWallet.objects.filter(case=case, wallet=wallet, detached_at__isnull=True).exists():
        raise ActionError(_("This wallet is attached to the case already."), field="address")
    attached = CaseWallet.objects.create(
        case=case,
        number=next_number(CaseWallet, case),
        wallet=wallet,
        typed=address.strip(),
        checksum=parsed.checksum,
        label=label.strip(),
        role=role,
        subject=subject_in(case, subject_number),
        attribution_source=attribution_source.strip(),
        attribution_confidence=attribution_confidence,
        is_fictional=is_fictional,
        attached_at=at,
        attached_by=grant.user,
    )
    _watch(case, wallet.pk, at=at)
    _ask_for_readings([wallet.pk], at=at)
    write_event(
        grant,
        action="wallet.attached",
        at=at,
        kind="wallet",
        number=attached.number,
        details={
            "chain": chain,
            "address": wallet.address,
            "typed": attached.typed,
            "checksum": attached.checksum,
            "label": attached.label,
            "role": role,
            "subject": subject_number,
            "attribution_source": attached.attribution_source,
            "attribution_confidence": attribution_confidence,
            "is_fictional": is_fictional,
        },
    )
    return attached


@transaction.atomic
def detach_wallet(*, grant: Grant, at: datetime, number: int, reason: str) -> CaseWallet:
    """Take a wallet out of the case. It stays in the record; a wallet under a freeze that has not ended stays put."""
    grant.require(Permission.WALLETS)
    case = lock_open_case(grant, at=at)
    attached = CaseWallet.objects.select_for_update(of=("self",)).filter(case=case, number=number).first()
    if attached is None or attached.detached_at is not None:
        raise NoSuchItem(_("The case has no such wallet."))
    if not reason.strip():
        raise ActionError(_("Say why."), field="reason")
    if FreezeOrder.objects.filter(wallet=attached).exclude(status__in=FREEZE_FINAL).exists():
        raise ActionError(_("A freeze on this wallet has not ended."))
    attached.detached_at, attached.detached_by = at, grant.user
    attached.save(update_fields=["detached_at", "detached_by"])
    snapshots.drop_watch(wallet_id=attached.wallet_id, key=watch_key(case), at=at)
    write_event(
        grant,
        action="wallet.detached",
        at=at,
        kind="wallet",
        number=number,
        details={"reason": reason.strip()},
    )
    return attached


@transaction.atomic
def refresh_wallet(*, grant: Grant, at: datetime, number: int) -> Wallet:
    """Ask for one wallet's balances now."""
    grant.require(Permission.WALLETS)
    case = lock_open_case(grant, at=at)
    attached = wallet_in(case, number)
    if attached.detached_at is not None:
        raise NoSuchItem(_("The case has no such wallet."))
    _ask_for_readings([attached.wallet_id], at=at)
    write_event(grant, action="wallet.refresh_asked", at=at, kind="wallet", number=number)
    return attached.wallet


@transaction.atomic
def refresh_case(*, grant: Grant, at: datetime) -> int:
    """Ask for the balances of every attached wallet now; returns how many were set due."""
    grant.require(Permission.WALLETS)
    case = lock_open_case(grant, at=at)
    ids = _attached(case)
    count = _ask_for_readings(ids, at=at)
    write_event(grant, action="case.refresh_asked", at=at, details={"wallets": len(ids)})
    return count


def _watch(case: Case, wallet_id: int, *, at: datetime) -> None:
    snapshots.set_watch(
        wallet_id=wallet_id,
        key=watch_key(case),
        cadence_seconds=int(OPEN_CASE_CADENCE.total_seconds()),
        at=at,
    )


def _attached(case: Case) -> list[int]:
    rows = CaseWallet.objects.filter(case=case, detached_at__isnull=True)
    # In the order in which every bulk change of the schedule locks: two cases with the same wallets never deadlock.
    return list(rows.order_by("wallet_id").values_list("wallet_id", flat=True))


def watch_wallets(case: Case, *, at: datetime) -> None:
    """Have the wallets of a case that is worked on looked at again, under the lock on the case."""
    for wallet_id in _attached(case):
        _watch(case, wallet_id, at=at)


def unwatch_wallets(case: Case, *, at: datetime) -> None:
    """Have nothing of a closed case looked at any more, under the lock on the case."""
    for wallet_id in _attached(case):
        snapshots.drop_watch(wallet_id=wallet_id, key=watch_key(case), at=at)


def _ask_for_readings(wallet_ids: list[int], *, at: datetime) -> int:
    count = snapshots.request_refresh(wallet_ids=wallet_ids, at=at)
    if wallet_ids:
        outbox.put(task="wallets.sweep", at=at)
    return count
