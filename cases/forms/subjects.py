"""What is said of a subject."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.base import ListField, attribution_fields, choices_of
from cases.models import SubjectKind, SubjectRole


class SubjectForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=SubjectKind.choices, widget=forms.RadioSelect)
    name = forms.CharField(label=_("Name"), max_length=300)
    aliases = ListField(label=_("Aliases"), required=False, help_text=_("One a line."))
    role = forms.ChoiceField(label=_("Role"), choices=choices_of(SubjectRole.choices))
    list_reference = forms.CharField(
        label=_("List reference"),
        max_length=120,
        required=False,
        help_text=_("For a listed person: list and number, such as OFAC SDN 43377."),
    )
    attribution_source, attribution_confidence = attribution_fields()
    remarks = forms.CharField(
        label=_("Remarks"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
