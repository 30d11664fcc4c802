"""The shape of an instrument's data as a compliance team edits it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cases.forms.base import choices_of
from cases.forms.papers import of_model, text_area
from cases.models import InstrumentType, ObligationKind, RuleConfidence
from cases.models.instruments import NEEDABLE


class InstrumentForm(forms.Form):
    """A further version; the key stays."""

    label = of_model(InstrumentType, "label")
    permits = forms.MultipleChoiceField(
        label=_("Permits"), choices=ObligationKind.choices, widget=forms.CheckboxSelectMultiple
    )
    needs = forms.MultipleChoiceField(
        label=_("Usually states"),
        required=False,
        choices=list(NEEDABLE.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    clocks = forms.CharField(
        label=_("Clocks"),
        required=False,
        max_length=2000,
        widget=text_area(3),
        help_text=_(
            "One line for each kind of duty: the kind, a colon, keys of clock rules, the usual one first."
        ),
    )
    terms = of_model(InstrumentType, "terms")
    is_informal = forms.BooleanField(label=_("Informal: it obliges to nothing by itself"), required=False)
    is_emergency = forms.BooleanField(
        label=_("Emergency: a disclosure may be let pass before the verification"), required=False
    )
    is_retired = forms.BooleanField(label=_("Retired: no longer offered for new orders"), required=False)
    source = of_model(InstrumentType, "source")
    confidence = forms.ChoiceField(label=_("Confidence"), choices=choices_of(RuleConfidence.choices))
    reason = forms.CharField(label=_("Why it is changed"), max_length=500, widget=text_area(2))

    def clean_clocks(self) -> dict[str, list[str]]:
        rules: dict[str, list[str]] = {}
        for line in self.cleaned_data["clocks"].splitlines():
            if not line.strip():
                continue
            kind, colon, keys = line.partition(":")
            if not colon or kind.strip() not in ObligationKind.values:
                raise ValidationError(
                    _("Each line is a kind of duty (%(kinds)s), a colon, and keys of rules."),
                    params={"kinds": ", ".join(ObligationKind.values)},
                )
            rules[kind.strip()] = [key for key in keys.replace(",", " ").split() if key]
        return rules


class NewInstrumentForm(InstrumentForm):
    """An instrument that was not known."""

    key = of_model(InstrumentType, "key", help_text=_("Small letters, digits and underscores. It stays."))
    field_order = ["key"]


def filled(row: InstrumentType) -> dict[str, Any]:
    """What stands in the form of an instrument."""
    lines = [f"{kind}: {', '.join(row.rules_for(kind))}" for kind in row.permits if row.rules_for(kind)]
    names = ("label", "permits", "needs", "terms", "is_informal", "is_emergency", "is_retired", "source")
    return {name: getattr(row, name) for name in (*names, "confidence")} | {"clocks": "\n".join(lines)}
