"""Shapes of what is typed about a freeze that stands: extensions, parts given free, transfers, credits, issuers."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cases.actions.freezes import AmountAsked, TestTransfer
from cases.forms.base import NOT_CHOSEN, UtcMomentField
from cases.forms.freezes import _duty_name
from cases.forms.papers import of_model, text_area
from cases.models import ApprovalThreshold, IssuerFreeze, Obligation, Transfer
from cases.queries.held import HeldRow
from wallets.amounts import AmountError, to_base_units
from wallets.chains import CHAINS
from wallets.models import Asset
from wallets.prices import MINOR_UNITS

ADDRESS: Final = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
TXID: Final = 130


def base_units(text: str, decimals: int, *, zero: bool = False) -> int | None:
    """Typed decimal text as base units; None for nothing typed. Raises ValidationError."""
    if not text.strip():
        return None
    try:
        amount = to_base_units(text, decimals)
    except AmountError as error:
        raise ValidationError(str(error.message), code=error.reason_code) from error
    if amount == 0 and not zero:
        raise ValidationError(_("An amount is more than zero."), code="zero")
    return amount


def amount_field(label: Any, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=120,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        **kwargs,
    )


class ExtendForm(forms.Form):
    ends_at = UtcMomentField(label=_("New end"), help_text=_("In UTC, later than the end so far."))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=5000,
        widget=text_area(3),
        help_text=_("Who granted the extension, by which paper, when."),
    )


class AmountsForm(forms.Form):
    """An amount for each asset that is still held; nothing typed: nothing of it."""

    def __init__(self, *args: Any, held: list[HeldRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = {f"amount-{row.row.asset}": row for row in held if row.free}
        for name, row in self.held.items():
            self.fields[name] = amount_field(
                _now("Amount of %(asset)s") % {"asset": row.row.asset}, required=False
            )

    @property
    def amount_fields(self) -> list[tuple[forms.BoundField, HeldRow]]:
        """Each amount's field with what is held of it, for the page's table."""
        return [(self[name], row) for name, row in self.held.items()]

    def clean(self) -> dict[str, Any]:
        asked = []
        for name, row in self.held.items():
            try:
                amount = base_units(self.cleaned_data.get(name, ""), row.row.decimals)
            except ValidationError as error:
                self.add_error(name, error)
                continue
            if amount is not None:
                asked.append(AmountAsked(row.row.asset, amount))
        if not asked and not self.errors:
            self.add_error(None, _("Give an amount of at least one asset."))
        # What the action takes: the single fields are only how they were typed.
        kept = {name: value for name, value in self.cleaned_data.items() if name not in self.held}
        self.cleaned_data = {**kept, "amounts": asked}
        return self.cleaned_data


class PartialReleaseForm(AmountsForm):
    reason = forms.CharField(label=_("Reason"), max_length=5000, widget=text_area(3))


class DecideForm(forms.Form):
    """A yes or a no of somebody else."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        widget=forms.RadioSelect,
        choices=[("agree", _("Agree")), ("refuse", _("Refuse"))],
    )
    comment = forms.CharField(
        label=_("Comment"),
        required=False,
        max_length=2000,
        widget=text_area(3),
        help_text=_("Needed for a refusal."),
    )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"agrees": data.get("decision") == "agree", "comment": data.get("comment", "")}


class DecideFreeingForm(DecideForm):
    """A yes or a no to giving something free, which other freezes may hold as well."""

    others_known = forms.BooleanField(
        label=_("I know that the target stays held where other freezes hold it"), required=False
    )

    def clean(self) -> dict[str, Any]:
        known = bool(self.cleaned_data.get("others_known"))
        return {**super().clean(), "others_known": known}


# ── Transfers ─────────────────────────────────────────────────────────────────────────────────────────────


class TransferForm(AmountsForm):
    obligation_number = forms.ChoiceField(
        label=_("Duty to transfer"), help_text=_("A freeze alone permits no transfer.")
    )
    chain = forms.ChoiceField(label=_("Chain"))
    destination = forms.CharField(
        label=_("Destination"), max_length=600, widget=forms.TextInput(attrs=ADDRESS)
    )
    destination_again = forms.CharField(
        label=_("Destination again"),
        max_length=600,
        widget=forms.TextInput(attrs=ADDRESS),
        help_text=_("Read it from the paper a second time. Do not copy the field above."),
    )
    no_checksum_accepted = forms.BooleanField(
        label=_("The address carries no checksum: I compared every character with the paper"), required=False
    )
    resembles_accepted = forms.BooleanField(
        label=_("It looks like another address here and is not the same: I compared every character"),
        required=False,
    )
    check_method = of_model(Transfer, "check_method")
    check_contact = of_model(
        Transfer, "check_contact", help_text=_("Name, office and number, found independently of the paper.")
    )
    takes_all = forms.BooleanField(
        label=_("Nothing remains held: the freeze ends when this has settled"),
        required=False,
        help_text=_("Left unticked, what is not transferred stays frozen."),
    )
    test_asset = forms.ChoiceField(label=_("Test transfer of"), required=False)
    test_amount = amount_field(
        _("Amount of the test"),
        required=False,
        help_text=_("Part of the amount above. Sent first; the rest only after the chain confirmed it."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=5000, widget=text_area(3))

    def __init__(
        self, *args: Any, duties: list[Obligation], chains: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("obligation_number", [NOT_CHOSEN, *((str(duty.number), _duty_name(duty)) for duty in duties)]),
            ("chain", chains if len(chains) == 1 else [NOT_CHOSEN, *chains]),
            (
                "test_asset",
                [("", _now("no test")), *((row.row.asset, row.row.asset) for row in self.held.values())],
            ),
        ):
            choice = self.fields[name]
            assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - declared so above
            choice.choices = choices

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        asset, text = data.pop("test_asset", ""), data.pop("test_amount", "")
        data["test"] = None
        if asset:
            row = next(row for row in self.held.values() if row.row.asset == asset)
            try:
                amount = base_units(text, row.row.decimals)
            except ValidationError as error:
                self.add_error("test_amount", error)
                amount = 1
            if amount is None:
                self.add_error("test_amount", _("Give the amount of the test."))
            else:
                data["test"] = TestTransfer(asset, amount)
        elif text:
            self.add_error("test_asset", _("Say of which asset the test is."))
        if data.get("obligation_number"):
            data["obligation_number"] = int(data["obligation_number"])
        return data


class SentForm(forms.Form):
    leg = forms.ChoiceField(label=_("Transaction of"))
    txid = forms.CharField(label=_("Transaction"), max_length=TXID, widget=forms.TextInput(attrs=ADDRESS))
    fee = amount_field(_("Fee"), required=False)
    sent_at = UtcMomentField(label=_("Sent"), required=False, help_text=_("In UTC. Left empty: now."))

    def __init__(self, *args: Any, transfer: Transfer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.native = CHAINS[transfer.chain]
        self.fields["fee"].help_text = _now("In %(coin)s, as the chain took it.") % {
            "coin": self.native.native_symbol
        }
        leg = self.fields["leg"]
        assert isinstance(leg, forms.ChoiceField)  # noqa: S101 - declared so above
        leg.choices = [
            (
                f"{'test' if one.is_test else 'main'}:{one.held.asset}",
                _now("%(asset)s, test") % {"asset": one.held.asset} if one.is_test else one.held.asset,
            )
            for one in transfer.legs.all()
            if one.state == "unsent"
        ]

    def clean_fee(self) -> int | None:
        return base_units(self.cleaned_data["fee"], self.native.native_decimals, zero=True)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        kind, _colon, asset = data.pop("leg", "").partition(":")
        return {**data, "asset": asset, "is_test": kind == "test"}


class ReceiptForm(forms.Form):
    receipt = of_model(
        Transfer, "receipt", required=True, help_text=_("Its number, its date, who signed it.")
    )


# ── Issuers ───────────────────────────────────────────────────────────────────────────────────────────────


class IssuerForm(forms.Form):
    contract = forms.ChoiceField(label=_("Token"))
    issuer = of_model(IssuerFreeze, "issuer")
    reference = of_model(IssuerFreeze, "reference")

    def __init__(self, *args: Any, tokens: list[Asset], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        contract = self.fields["contract"]
        assert isinstance(contract, forms.ChoiceField)  # noqa: S101 - declared so above
        contract.choices = [NOT_CHOSEN, *((one.contract, f"{one.symbol} · {one.contract}") for one in tokens)]


class TxidForm(forms.Form):
    txid = forms.CharField(label=_("Transaction"), max_length=TXID, widget=forms.TextInput(attrs=ADDRESS))


# ── Thresholds ────────────────────────────────────────────────────────────────────────────────────────────


class ThresholdForm(forms.Form):
    """An asset with its decimals, or a currency; an amount, or none to take the threshold back."""

    asset = of_model(ApprovalThreshold, "asset", required=False)
    currency = of_model(ApprovalThreshold, "currency", required=False)
    amount = amount_field(
        _("Amount"),
        required=False,
        help_text=_("From this on two approve. Left empty: the threshold is taken back."),
    )
    reason = of_model(ApprovalThreshold, "reason")

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        asset, currency = data.get("asset", "").strip().upper(), data.get("currency", "").strip().upper()
        if bool(asset) == bool(currency):
            self.add_error("asset", _("Name an asset or a currency, one of the two."))
            return data
        if currency and currency not in MINOR_UNITS:
            self.add_error("currency", _("There is no such currency."))
            return data
        # Of an asset the amount is kept in its finest unit anywhere here: nothing that is typed is rounded.
        decimals = MINOR_UNITS[currency] if currency else 18
        try:
            amount = base_units(data.get("amount", ""), decimals)
        except ValidationError as error:
            self.add_error("amount", error)
            amount = None
        return {
            "asset": asset,
            "currency": currency,
            "decimals": decimals,
            "amount": amount,
            "reason": data.get("reason", ""),
        }
