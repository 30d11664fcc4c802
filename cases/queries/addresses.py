"""On which chains an address can be attached to a case, and which of them are chosen where nobody says."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.models import Case, CaseWallet
from wallets.addresses import EVM_CHAINS, Address, Detection
from wallets.chains import CHAINS, configured
from wallets.models import Wallet

NO_SOURCE = _("no source is set up: balances stay unread")
HIDDEN = _("balances cannot be observed")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One chain on which the address can be attached. `note` says what to expect there; empty where it is read."""

    chain: str
    name: str | Promise
    address: Address
    note: str | Promise
    # The number in the case of the wallet that is this one already.
    attached_as: int | None
    chosen: bool


def proposals_for(case: Case, detection: Detection) -> list[Proposal]:
    """The chains that the address fits, the likeliest first. One query, none for a text that is no address.

    Chosen are all chains of the EVM that are read here, since one key opens the address on each; else the likeliest
    chain. What is attached already is never chosen, and the development chain is offered only where it runs.
    """
    read = {info.slug for info in configured()}
    fitting = [
        candidate
        for candidate in detection.candidates
        if candidate.chain in read or not CHAINS[candidate.chain].is_development
    ]
    attached = _attached(case, fitting)
    free = [candidate.chain for candidate in fitting if candidate.chain not in attached]
    evm_here = {chain for chain in free if chain in EVM_CHAINS & read}
    chosen = evm_here or set(free[:1] if len(free) == len(fitting) else [])
    return [
        Proposal(
            chain=candidate.chain,
            name=CHAINS[candidate.chain].name,
            address=candidate,
            note=_note(candidate.chain, read),
            attached_as=attached.get(candidate.chain),
            chosen=candidate.chain in chosen,
        )
        for candidate in fitting
    ]


def _note(chain: str, read: set[str]) -> str | Promise:
    if not CHAINS[chain].observable:
        return HIDDEN
    return "" if chain in read else NO_SOURCE


def _attached(case: Case, candidates: Sequence[Address]) -> dict[str, int]:
    if not candidates:
        return {}
    spelled = {(candidate.chain, candidate.canonical) for candidate in candidates}
    wallets = Wallet.objects.filter(
        chain__in={chain for chain, _address in spelled}, address__in={address for _chain, address in spelled}
    )
    rows = CaseWallet.objects.filter(case=case, wallet__in=wallets, detached_at__isnull=True)
    return {
        chain: number
        for chain, address, number in rows.values_list("wallet__chain", "wallet__address", "number")
        if (chain, address) in spelled
    }
