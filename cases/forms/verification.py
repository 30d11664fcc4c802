"""Shapes of what is typed about the verification of an order."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.base import choices_of
from cases.forms.papers import text_area
from cases.models import AuthorityContact, VerificationMethod

OUTCOMES = {"authentic": True, "inauthentic": False, "inconclusive": None}


class VerifyForm(forms.Form):
    method = forms.ChoiceField(label=_("How it was checked"), choices=choices_of(VerificationMethod.choices))
    kept_contact = forms.TypedChoiceField(
        label=_("Contact on the authority's page"), required=False, coerce=int, empty_value=None
    )
    contact = forms.CharField(
        label=_("Contact"), max_length=300, help_text=_("With whom it was checked, and by which number.")
    )
    contact_source = forms.CharField(
        label=_("Where the contact was found"),
        max_length=300,
        help_text=_("Not on the paper itself, nor in the message that brought it."),
    )
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        widget=forms.RadioSelect,
        choices=[
            ("authentic", _("The order is authentic")),
            ("inauthentic", _("The order is not authentic: reject it")),
            ("inconclusive", _("Nothing came of it yet: the order stays unverified")),
        ],
    )
    remarks = forms.CharField(label=_("Remarks"), required=False, max_length=2000, widget=text_area(3))

    def __init__(self, *args: Any, contacts: "list[AuthorityContact]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.fields["kept_contact"]
        assert isinstance(kept, forms.TypedChoiceField)  # noqa: S101 - declared so above
        kept.choices = [("", _("None of them")), *((str(row.number), str(row)) for row in contacts)]
        if not contacts:
            del self.fields["kept_contact"]
        self.contacts = {row.number: row for row in contacts}

    def clean(self) -> dict[str, Any]:
        """A contact that is kept says by itself whom it names and where it was found."""
        data = self.cleaned_data
        kept = self.contacts.get(data.get("kept_contact") or 0)
        if kept is not None:
            said = {"contact": f"{kept.person} {kept.value}".strip(), "contact_source": kept.source}
            for name, value in said.items():
                if not data.get(name):
                    data[name] = value
                    self.errors.pop(name, None)
        return data

    def verification(self) -> dict[str, Any]:
        """What `verify_order` takes."""
        data = self.cleaned_data
        return {
            "authentic": OUTCOMES[data["outcome"]],
            "method": data["method"],
            "contact": data["contact"],
            "contact_source": data["contact_source"],
            "kept_contact": data.get("kept_contact"),
            "remarks": data["remarks"],
        }
