"""Accounts at the exchange, and what its books say of them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.base import SubjectOfCaseField, UtcMomentField
from cases.models import AccountStatus, Case
from wallets.amounts import AmountError, to_base_units


class ReportForm(forms.Form):
    reported_status = forms.ChoiceField(label=_("Status at the exchange"), choices=AccountStatus.choices)
    reported_at = UtcMomentField(
        label=_("Status as of"), help_text=_("When the exchange's own system said so.")
    )


class AccountForm(ReportForm):
    account_number = forms.CharField(label=_("Account number"), max_length=64)
    holder = forms.CharField(
        label=_("Holder"), max_length=300, help_text=_("As the exchange has it, even where it is doubted.")
    )
    subject_number = SubjectOfCaseField()
    remarks = forms.CharField(
        label=_("Remarks"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    field_order = ["account_number", "holder", "subject_number", "reported_status", "reported_at", "remarks"]

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["subject_number"]
        assert isinstance(field, SubjectOfCaseField)  # noqa: S101 - declared so above
        field.offer(case)


class HoldingForm(forms.Form):
    """`amount` comes out as an integer of base units."""

    asset = forms.CharField(
        label=_("Asset"), max_length=16, help_text=_("Its symbol at the exchange, such as BTC, USDT or BRL.")
    )
    decimals = forms.IntegerField(
        label=_("Decimals"),
        min_value=0,
        max_value=36,
        initial=8,
        help_text=_("How far the asset is divided: BTC 8, ETH 18, USDT and USDC 6, a currency 2."),
    )
    amount = forms.CharField(
        label=_("Amount"), max_length=100, help_text=_("In whole units with a decimal point: 1250.75")
    )
    source = forms.CharField(
        label=_("Source"), max_length=200, help_text=_("Which report or screen of the exchange says so.")
    )
    observed_at = UtcMomentField(label=_("Observed"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "amount" in data and "decimals" in data:
            try:
                data["amount"] = to_base_units(data["amount"], data["decimals"])
            except AmountError as error:
                self.add_error("amount", str(error.message))
        return data
