"""Asking the exchange's own system again."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.papers import text_area


class RetryForm(forms.Form):
    reason = forms.CharField(label=_("Why it is asked again"), max_length=2000, widget=text_area(3))
