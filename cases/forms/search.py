"""What is searched for. It is posted, so that no name or address stands in a URL or a log."""

from django import forms
from django.utils.translation import gettext_lazy as _


class SearchForm(forms.Form):
    q = forms.CharField(
        label=_("Search"),
        max_length=512,
        help_text=_(
            "A case reference, words of a title, a name or alias, an account number, an agency reference, an address; "
            "or the whole number of a passport or tax file, an e-mail address, a telephone number."
        ),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )
