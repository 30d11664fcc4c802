"""What identifies a subject."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.base import choices_of
from cases.models import ParticularKind


class ParticularForm(forms.Form):
    kind = forms.ChoiceField(label=_("What it is"), choices=choices_of(ParticularKind.choices))
    value = forms.CharField(
        label=_("Value"),
        max_length=500,
        help_text=_(
            "A date as 1990-04-23, a telephone number with its country code. It is kept sealed: neither the record nor "
            "a list ever shows it, and who sees it in full is told in the record."
        ),
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"}),
    )
    country = forms.CharField(
        label=_("Issuing country"),
        max_length=2,
        required=False,
        help_text=_("Of a number: two letters, such as KP."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    source = forms.CharField(
        label=_("Where it is known from"),
        max_length=500,
        help_text=_(
            "Such as the copy of the passport given when the account was opened. Do not write the value here."
        ),
    )


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it is withdrawn"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
