"""Wallets through a case: attach, detach, ask for fresh balances."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases import outbox
from cases.access import Grant
from cases.actions.base import ActionError, NoSuchItem, lock_open_case, next_number, write_event
from cases.actions.subjects import subject_in
from cases.models import Case, CaseWallet, FreezeOrder
from cases.permissions import Permission
from cases.queries.addresses import proposals_for
from cases.status import FREEZE_FINAL
from wallets import addresses, snapshots
from wallets.chains import CHAINS
from wallets.models import Wallet


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
    """`attach_wallets` for one chain."""
    (attached,) = attach_wallets(
        grant=grant,
        at=at,
        chains=[chain],
        address=address,
        role=role,
        attribution_source=attribution_source,
        attribution_confidence=attribution_confidence,
        label=label,
        subject_number=subject_number,
        is_fictional=is_fictional,
    )
    return attached


@transaction.atomic
def attach_wallets(
    *,
    grant: Grant,
    at: datetime,
    chains: Sequence[str] | None = None,
    address: str,
    role: str,
    attribution_source: str,
    attribution_confidence: str,
    label: str = "",
    subject_number: int | None = None,
    is_fictional: bool = False,
) -> list[CaseWallet]:
    """Attach the wallets at one address on these chains, all or none, and have their balances read.

    Without chains the address is attached where the form would have it: on every chain of the EVM that is read here,
    else on the likeliest one. Keeps what was typed beside the canonical form. An invalid address is refused with its
    reason (checksum, network, length, form); chains on which the address is attached already are named. What comes
    back is in the catalogue's order of chains.
    """
    grant.require(Permission.WALLETS)
    case = lock_open_case(grant, at=at)
    parsed = _on_each(_proposed(case, address) if chains is None else chains, address)
    if not attribution_source.strip():
        raise ActionError(_("Say where this is known from."), field="attribution_source")
    _refuse_attached(case, parsed)
    subject, number = subject_in(case, subject_number), next_number(CaseWallet, case)
    attached = [
        CaseWallet.objects.create(
            case=case,
            number=number + offset,
            wallet=snapshots.ensure_wallet(chain=spelled.chain, text=address),
            typed=address.strip(),
            checksum=spelled.checksum,
            label=label.strip(),
            role=role,
            subject=subject,
            attribution_source=attribution_source.strip(),
            attribution_confidence=attribution_confidence,
            is_fictional=is_fictional,
            attached_at=at,
            attached_by=grant.user,
        )
        for offset, spelled in enumerate(parsed)
    ]
    # In the order in which every bulk change of the schedule locks.
    wallet_ids = sorted(row.wallet_id for row in attached)
    snapshots.set_watches(
        wallet_ids=wallet_ids,
        key=watch_key(case),
        cadence_seconds=settings.WATCH_OPEN_SECONDS,
        at=at,
    )
    _ask_for_readings(case, wallet_ids, at=at)
    for row in attached:
        write_event(
            grant,
            action="wallet.attached",
            at=at,
            kind="wallet",
            number=row.number,
            details={
                "chain": row.wallet.chain,
                "address": row.wallet.address,
                "typed": row.typed,
                "checksum": row.checksum,
                "label": row.label,
                "role": role,
                "subject": subject_number,
                "attribution_source": row.attribution_source,
                "attribution_confidence": attribution_confidence,
                "is_fictional": is_fictional,
            },
        )
    return attached


def _proposed(case: Case, address: str) -> list[str]:
    detection = addresses.detect(address)
    if detection.error is not None:
        raise ActionError(detection.error.message, field="address")
    proposals = proposals_for(case, detection)
    # Where nothing is left to choose, the chains on which it is attached: they are then refused by name.
    return [each.chain for each in proposals if each.chosen] or [
        each.chain for each in proposals if each.attached_as
    ]


def _on_each(chains: Sequence[str], address: str) -> list[addresses.Address]:
    """The address on each chain, in the catalogue's order, so that two people attaching at once never wait in a circle."""
    if not chains:
        raise ActionError(_("Choose at least one chain."), field="chains")
    parsed = []
    for chain in sorted(set(chains), key=lambda chain: list(CHAINS).index(chain) if chain in CHAINS else -1):
        try:
            parsed.append(addresses.parse(chain, address))
        except addresses.AddressError as error:
            raise ActionError(
                error.message, field="chain" if error.reason_code == "unknown_chain" else "address"
            ) from error
    return parsed


def _refuse_attached(case: Case, parsed: Sequence[addresses.Address]) -> None:
    same = Q(pk__in=[])
    for address in parsed:
        same |= Q(wallet__chain=address.chain, wallet__address=address.canonical)
    rows = CaseWallet.objects.filter(same, case=case, detached_at__isnull=True)
    found = set(rows.values_list("wallet__chain", flat=True))
    if found and len(parsed) == 1:
        raise ActionError(_("This wallet is attached to the case already."), field="address")
    if found:
        names = ", ".join(str(CHAINS[address.chain].name) for address in parsed if address.chain in found)
        raise ActionError(
            _("This address is attached to the case already on: %(chains)s.") % {"chains": names},
            field="chains",
        )


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
    holding = FreezeOrder.objects.filter(wallet=attached).exclude(status__in=FREEZE_FINAL)
    if holding.unsealed_from(case.hidden_orders).exists():
        raise ActionError(_("A freeze on this wallet has not ended."))
    if holding.exists():
        raise ActionError(
            _("The wallet is kept in the case by something that you may not see: ask this desk.")
        )
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
    _ask_for_readings(case, [attached.wallet_id], at=at)
    write_event(grant, action="wallet.refresh_asked", at=at, kind="wallet", number=number)
    return attached.wallet


@transaction.atomic
def refresh_case(*, grant: Grant, at: datetime) -> int:
    """Ask for the balances of every attached wallet now; returns how many were set due."""
    grant.require(Permission.WALLETS)
    case = lock_open_case(grant, at=at)
    ids = _attached(case)
    count = _ask_for_readings(case, ids, at=at)
    write_event(grant, action="case.refresh_asked", at=at, details={"wallets": len(ids)})
    return count


def _attached(case: Case) -> list[int]:
    rows = CaseWallet.objects.filter(case=case, detached_at__isnull=True)
    # In the order in which every bulk change of the schedule locks: two cases with the same wallets never deadlock.
    return list(rows.order_by("wallet_id").values_list("wallet_id", flat=True))


def watch_wallets(case: Case, *, at: datetime) -> None:
    """Have the wallets of a case that is worked on looked at again, under the lock on the case."""
    snapshots.set_watches(
        wallet_ids=_attached(case),
        key=watch_key(case),
        cadence_seconds=settings.WATCH_OPEN_SECONDS,
        at=at,
    )


def unwatch_wallets(case: Case, *, at: datetime) -> None:
    """Have the wallets of a closed case looked at seldom, or never, under the lock on the case."""
    cadence: int = settings.WATCH_CLOSED_SECONDS
    wallet_ids, key = _attached(case), watch_key(case)
    if cadence > 0:
        snapshots.set_watches(wallet_ids=wallet_ids, key=key, cadence_seconds=cadence, at=at)
    else:
        snapshots.drop_watches(wallet_ids=wallet_ids, key=key, at=at)


def forget_wallets(case: Case, *, at: datetime) -> None:
    """Have no wallet looked at for this case any more, under the lock on the case."""
    snapshots.drop_watches(wallet_ids=_attached(case), key=watch_key(case), at=at)


def _ask_for_readings(case: Case, wallet_ids: list[int], *, at: datetime) -> int:
    count = snapshots.request_refresh(wallet_ids=wallet_ids, at=at)
    rows = CaseWallet.objects.filter(case=case, wallet_id__in=wallet_ids, detached_at__isnull=True)
    rows.update(asked_at=at)
    if wallet_ids:
        outbox.put(task="wallets.sweep", at=at)
    return count
