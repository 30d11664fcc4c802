"""A person's own settings."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.people.models import User

LIFETIMES = [("30", _("30 days")), ("90", _("90 days")), ("180", _("180 days")), ("365", _("a year"))]


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(
        label=_("Colours"),
        required=False,
        choices=User._meta.get_field("theme").choices or (),
        widget=forms.RadioSelect,
    )


class TokenForm(forms.Form):
    """`lifetime` comes out as a timedelta."""

    label = forms.CharField(
        label=_("Label"), max_length=80, help_text=_("Name it after the program that uses it.")
    )
    lifetime = forms.TypedChoiceField(
        label=_("Valid for"),
        choices=LIFETIMES,
        initial="90",
        coerce=lambda days: timedelta(days=int(days)),
    )
