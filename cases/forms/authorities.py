"""Shapes of what is typed about authorities and how they are reached."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.base import choices_of
from cases.forms.papers import of_model, text_area
from cases.models import Authority, AuthorityContact, ContactKind


class KeepAuthorityForm(forms.Form):
    name = of_model(Authority, "name")
    jurisdiction = of_model(Authority, "jurisdiction")
    remarks = of_model(Authority, "remarks", widget=text_area(3))


class EditAuthorityForm(forms.Form):
    jurisdiction = of_model(Authority, "jurisdiction")
    remarks = of_model(Authority, "remarks", widget=text_area(3))


class ContactForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=choices_of(ContactKind.choices))
    value = of_model(AuthorityContact, "value")
    person = of_model(AuthorityContact, "person")
    source = of_model(
        AuthorityContact,
        "source",
        help_text=_(
            "The court's own directory, a treaty's list, an earlier case. Never the paper to be verified."
        ),
    )


class EndContactForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=text_area(2))
