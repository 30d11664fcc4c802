"""The address that a transfer goes to: typed twice, checked, and compared with what it might be mistaken for."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cases.actions.base import ActionError
from cases.models import Case, CaseWallet, FreezeOrder, Transfer, WalletRole
from cases.resembling import looks_like
from wallets.addresses import Address, AddressError, parse


@dataclass(frozen=True, slots=True)
class Resembling:
    """A known address that a person could take the destination for.

    `kept`: whether it may stand in the transfer, where everybody reads it who may know the transfer.
    """

    address: str
    what: str
    kept: bool = True


def checked_destination(
    case: Case,
    freeze: FreezeOrder,
    *,
    order_id: int,
    chain: str,
    destination: str,
    destination_again: str,
    no_checksum_accepted: bool,
    resembles_accepted: bool,
) -> tuple[Address, list[Resembling]]:
    """The destination, and the known addresses that it resembles. Raises ActionError beside the field that is wrong.

    `case` as its door handed it out: she who proposes is told of no transfer that she may not know. `order_id` is the key
    of the order under which the transfer is to go.
    """
    first = _parsed(chain, destination, "destination")
    again = _parsed(chain, destination_again, "destination_again")
    if (first.canonical, first.tag) != (again.canonical, again.tag):
        raise ActionError(
            _("The two do not match: one of them is wrong. Read both against the paper."),
            field="destination_again",
        )
    _refuse_own(freeze, chain, first.canonical)
    # Of two spellings one may carry a checksum; either proves the address.
    checksum = "valid" if "valid" in (first.checksum, again.checksum) else "none"
    if checksum == "none" and not no_checksum_accepted:
        raise ActionError(
            _(
                "This address carries no checksum: a slip of the finger cannot be noticed. Ask for the spelling with "
                "a checksum, or say that you compared every character."
            ),
            field="no_checksum_accepted",
        )
    found = resembling(case, first.canonical, order_id=order_id)
    if found and not resembles_accepted:
        raise ActionError(
            _(
                "This looks like %(others)s, and is not the same. Compare every character, then say that you did."
            )
            % {"others": "; ".join(f"{each.address} ({each.what})" for each in found[:5])},
            field="resembles_accepted",
        )
    better = first if first.checksum == checksum else again
    return Address(chain, first.canonical, better.typed, better.checksum, first.tag), found


def _parsed(chain: str, text: str, field: str) -> Address:
    try:
        return parse(chain, text)
    except AddressError as error:
        raise ActionError(error.message, field=field) from error


def _refuse_own(freeze: FreezeOrder, chain: str, canonical: str) -> None:
    """A transfer goes to the authority: never back to what is frozen, nor to anybody else of the case."""
    known = (
        CaseWallet.objects.filter(
            case_id=freeze.case_id, wallet__chain=chain, wallet__address=canonical, detached_at__isnull=True
        )
        .exclude(role=WalletRole.GOVERNMENT)
        .order_by("number")
        .first()
    )
    if known is not None:
        raise ActionError(
            _("This is wallet %(number)s of the case (%(role)s), not a government wallet.")
            % {"number": known.number, "role": known.get_role_display()},
            field="destination",
        )


def resembling(case: Case, canonical: str, *, order_id: int) -> list[Resembling]:
    """Addresses of the case, and earlier destinations in it, that are not this one and begin and end like it."""
    wallets = CaseWallet.objects.filter(case=case).values_list("wallet__address", "number")
    earlier = Transfer.objects.of(case).values_list(
        "destination", "number", "obligation__order_id", "obligation__order__sealed"
    )
    known = [
        *(
            Resembling(address, str(_("wallet %(number)s of the case") % {"number": number}))
            for address, number in wallets
        ),
        *(
            Resembling(
                address,
                str(_("destination of transfer %(number)s") % {"number": number}),
                kept=of_order == order_id or not sealed,
            )
            for address, number, of_order, sealed in earlier.order_by("obligation__order__sealed", "number")
        ),
    ]
    seen: dict[str, Resembling] = {}
    for each in known:
        if looks_like(each.address, canonical):
            seen.setdefault(each.address, each)
    return list(seen.values())
