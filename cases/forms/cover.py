"""Shapes of what is typed about cover: an ordered amount, a rung of the ladder. Amounts come out in base units."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.base import UtcMomentField, choices_of
from cases.models import Rung
from wallets.amounts import AmountError, to_base_units


class _AmountForm(forms.Form):
    asset = forms.CharField(label=_("Asset"), max_length=20, help_text=_("Its symbol: BTC, USDT."))
    decimals = forms.IntegerField(
        label=_("Decimals"),
        min_value=0,
        max_value=36,
        initial=6,
        help_text=_("BTC 8, ETH 18, USDT and USDC 6, a currency 2."),
    )
    amount = forms.CharField(
        label=_("Amount"), max_length=100, help_text=_("In whole units with a decimal point: 1250.75")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("amount") and "decimals" in data:
            try:
                data["amount"] = to_base_units(data["amount"], data["decimals"])
            except AmountError as error:
                self.add_error("amount", str(error.message))
        elif "amount" in data:
            data["amount"] = None
        return data


class OrderedForm(_AmountForm):
    amount = forms.CharField(
        label=_("Amount"), max_length=100, required=False, help_text=_("Empty: all that is there.")
    )


class RungForm(_AmountForm):
    rung = forms.ChoiceField(label=_("What happened"), choices=choices_of(Rung.choices))
    happened_at = UtcMomentField(label=_("When (UTC)"))
    basis = forms.CharField(
        label=_("By which paper"), max_length=300, help_text=_("Court, date, number of the decision.")
    )
    field_order = ["rung", "asset", "decimals", "amount", "happened_at", "basis"]


class TakeBackForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
