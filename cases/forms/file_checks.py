"""A file to be checked: its digest, which the page's script takes, or which was taken elsewhere."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class CheckFileForm(forms.Form):
    """Blanks, colons and capitals, as other programs print them, are let through."""

    sha256 = forms.CharField(
        label=_("SHA-256"),
        max_length=400,
        help_text=_("64 characters from 0 to 9 and a to f."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_sha256(self) -> str:
        plain = re.sub(r"[\s:]", "", self.cleaned_data["sha256"]).lower()
        if not re.fullmatch(r"[0-9a-f]{64}", plain):
            raise ValidationError(_("This is no SHA-256: it has 64 characters from 0 to 9 and a to f."))
        return plain
