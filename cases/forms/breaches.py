"""The shape of the answer to a breach."""

from django import forms
from django.utils.translation import gettext_lazy as _


class AnswerForm(forms.Form):
    note = forms.CharField(
        label=_("What came of it"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Who was called, what was done, or why it was none. It is written once."),
    )
