"""Attaching a wallet to a case, and taking it out."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cases.forms.base import NOT_CHOSEN, SubjectOfCaseField, attribution_fields, choices_of
from cases.models import Case, WalletRole
from wallets.addresses import AddressError, parse
from wallets.chains import CHAINS, configured


def chain_choices() -> list[Any]:
    """The chains that can be read here first; the development chain only where it runs."""
    readable = configured()
    slugs = {info.slug for info in readable}
    others = [info for info in CHAINS.values() if info.slug not in slugs and not info.is_development]
    groups: list[Any] = [NOT_CHOSEN]
    if readable:
        groups.append((_now("Read here"), [(info.slug, str(info.name)) for info in readable]))
    if others:
        groups.append(
            (_now("No source is set up: balances stay unread"), [(i.slug, str(i.name)) for i in others])
        )
    return groups


class WalletForm(forms.Form):
    chain = forms.ChoiceField(label=_("Chain"))
    address = forms.CharField(
        label=_("Address"),
        max_length=200,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
        help_text=_("Copied whole. What you type is kept beside its canonical form."),
    )
    label = forms.CharField(label=_("Label"), max_length=120, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=choices_of(WalletRole.choices))
    subject_number = SubjectOfCaseField()
    attribution_source, attribution_confidence = attribution_fields()

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chain, subject = self.fields["chain"], self.fields["subject_number"]
        assert isinstance(chain, forms.ChoiceField)  # noqa: S101 - declared so above
        assert isinstance(subject, SubjectOfCaseField)  # noqa: S101 - declared so above
        chain.choices = chain_choices()
        subject.offer(case)

    def clean(self) -> dict[str, Any]:
        """The address is tried here too, so that its reason stands beside it together with the other fields'."""
        data = super().clean() or self.cleaned_data
        if "chain" in data and "address" in data:
            try:
                parse(data["chain"], data["address"])
            except AddressError as error:
                self.add_error("address", str(error.message))
        return data


class DetachForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
