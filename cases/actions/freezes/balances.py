"""What a freeze knows of its target at one moment, with the proof: a reading of the chain or a figure of the books."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from cases.actions.base import (
    ActionError,
    event_value,
)
from cases.actions.freezes.rules import AmountAsked
from cases.actions.freezes.thresholds import Line
from cases.models import (
    AccountHolding,
    CaseWallet,
    ExchangeAccount,
    FreezeAmount,
    FreezeOrder,
)
from cases.queries.freezes import latest_holdings
from cases.queries.wallets import known_to
from wallets import snapshots
from wallets.models import Asset, Sighting


def amount_row(freeze: FreezeOrder, asked: AmountAsked) -> FreezeAmount:
    """The row for one asset with the balance known now: a reading for a wallet, a holding for an account."""
    symbol = asked.asset.strip()
    if freeze.wallet is not None:
        asset = Asset.objects.filter(chain=freeze.wallet.wallet.chain, symbol__iexact=symbol).first()
        if asset is None:
            raise ActionError(_("This chain has no such asset."), field="amounts")
        return FreezeAmount(
            freeze=freeze,
            asset=asset.symbol,
            decimals=asset.decimals,
            chain_asset=asset,
            amount=asked.amount,
            sighting_proposed=sighting_of(freeze.wallet, asset, at=freeze.proposed_at),
        )
    holding = latest_holding(freeze.account, symbol, at=freeze.proposed_at)
    if holding is None:
        raise ActionError(
            _("No holding of this asset is on record for the account. Record it first."), field="amounts"
        )
    return FreezeAmount(
        freeze=freeze,
        asset=holding.asset,
        decimals=holding.decimals,
        amount=asked.amount,
        holding_proposed=holding,
    )


def sighting_of(wallet: CaseWallet, asset: Asset, *, at: datetime) -> Sighting | None:
    """What looks had found by that moment: a look after a hold says nothing of what stood there before.

    Looks from before the wallet hung on this case are not the case's to know.
    """
    return snapshots.keep_sighting(
        wallet_id=wallet.wallet_id, asset_id=asset.pk, at=at, since=wallet.attached_at
    )


def latest_holding(account: ExchangeAccount | None, symbol: str, *, at: datetime) -> AccountHolding | None:
    return (
        AccountHolding.objects.filter(account=account, asset__iexact=symbol, observed_at__lte=at)
        .order_by("-observed_at", "-id")
        .first()
    )


def lines_of_proposal(
    wallet: CaseWallet | None,
    account: ExchangeAccount | None,
    amounts: Sequence[AmountAsked],
    *,
    at: datetime,
) -> list[Line]:
    """How much a proposal would hold, per asset: the amount asked for, else what is known to be there.

    Where no asset is named, all that is known of the target.
    """
    known: dict[str, Line] = {}
    if wallet is not None:
        for view in known_to([wallet], at=at).get(wallet.wallet_id, []):
            asset = view.asset
            known[asset.symbol.upper()] = Line(asset.symbol, asset.decimals, view.amount, asset.price_key)
    elif account is not None:
        for holding in latest_holdings(account):
            known[holding.asset.upper()] = Line(
                holding.asset, holding.decimals, int(holding.amount), holding.asset
            )
    if not amounts:
        return list(known.values())
    found = []
    for asked in amounts:
        line = known.get(asked.asset.strip().upper())
        if line is None:
            # `amount_row` says why such an asset is refused; a chain's asset that was never read stays unknown.
            found.append(Line(asked.asset.strip(), 0, None, ""))
        else:
            found.append(line if asked.amount is None else replace(line, amount=asked.amount))
    return found


def amount_details(row: FreezeAmount) -> dict[str, object]:
    return {
        "asset": row.asset,
        "decimals": row.decimals,
        "amount": None if row.amount is None else str(int(row.amount)),
        "proposed": _proof(row.sighting_proposed, row.holding_proposed),
        "applied": _proof(row.sighting_applied, row.holding_applied),
    }


def _proof(sighting: Sighting | None, holding: AccountHolding | None) -> object:
    if sighting is not None:
        look = sighting.batch
        return {
            "amount": str(int(sighting.amount)),
            "block_height": look.block_height,
            "block_hash": look.block_hash,
            "block_time": event_value(look.block_time),
            "provider": look.provider,
            "agreement": look.agreement,
            "seconded_by": look.seconded_by,
        }
    if holding is not None:
        return {
            "amount": str(int(holding.amount)),
            "source": holding.source,
            "observed_at": event_value(holding.observed_at),
        }
    return None
