"""Shapes of what is typed about alerts."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.base import NOT_CHOSEN
from cases.forms.papers import text_area
from cases.models import Case
from cases.queries.alerts import assets_in
from wallets.amounts import AmountError, to_base_units
from wallets.chains import CHAINS


class AcknowledgeForm(forms.Form):
    note = forms.CharField(
        label=_("What you make of it"),
        max_length=2000,
        widget=text_area(3),
        help_text=_("Whose movement it is, or what follows from it. Written once."),
    )


class ThresholdForm(forms.Form):
    """`asset` comes out as (chain, contract), `minimum` as an integer of base units."""

    asset = forms.ChoiceField(label=_("Asset"))
    minimum = forms.CharField(
        label=_("Smallest movement that is told"),
        max_length=120,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=_("In whole units with a decimal point: 0.05. What is smaller raises no alert."),
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.assets = {f"{asset.chain}:{asset.contract}": asset for asset in assets_in(case)}
        field = self.fields["asset"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared so above
        field.choices = [
            NOT_CHOSEN,
            *((key, f"{asset.symbol} · {_chain_name(asset.chain)}") for key, asset in self.assets.items()),
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        asset = self.assets.get(data.get("asset", ""))
        if asset is not None and "minimum" in data:
            try:
                data["minimum"] = to_base_units(data["minimum"], asset.decimals)
            except AmountError as error:
                self.add_error("minimum", str(error.message))
        return data

    def threshold(self) -> dict[str, Any]:
        """What `set_threshold` takes."""
        asset = self.assets[self.cleaned_data["asset"]]
        return {
            "chain": asset.chain,
            "contract": asset.contract,
            "minimum": self.cleaned_data["minimum"],
        }


def _chain_name(chain: str) -> str:
    return str(CHAINS[chain].name) if chain in CHAINS else chain
