"""Opening, editing, filtering and moving a case; its members and notes."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.forms.base import ListField, PersonField, choices_of
from cases.models import Case, Classification, Membership, Typology
from cases.people.models import User
from cases.permissions import CASEWORK_ROLES
from cases.status import CASE_MOVES, CaseStatus


class CaseForm(forms.Form):
    title = forms.CharField(
        label=_("Title"), max_length=200, help_text=_("As it stands in lists and on the case file.")
    )
    summary = forms.CharField(
        label=_("Summary"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What is alleged, and what this case is to find out."),
    )
    typology = forms.ChoiceField(label=_("Typology"), choices=choices_of(Typology.choices))
    classification = forms.ChoiceField(
        label=_("Classification"), choices=Classification.choices, initial=Classification.CONFIDENTIAL
    )


class NewCaseForm(CaseForm):
    tags = ListField(
        label=_("Tags"), divider=",", required=False, longest=40, help_text=_("Divided by commas.")
    )


class TagsForm(forms.Form):
    tags = ListField(
        label=_("Tags"),
        divider=",",
        required=False,
        longest=40,
        help_text=_("Divided by commas. Tags are kept in lower case."),
    )


class CaseFilterForm(forms.Form):
    """GET. Nothing is required; a value that does not exist is refused, not ignored."""

    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("Any status")), *CaseStatus.choices]
    )
    typology = forms.ChoiceField(
        label=_("Typology"), required=False, choices=[("", _("Any typology")), *Typology.choices]
    )
    tag = forms.CharField(label=_("Tag"), required=False, max_length=40)
    lead = forms.ChoiceField(
        label=_("Lead"), required=False, choices=[("", _("Anybody")), ("me", _("Led by me"))]
    )

    def clean_tag(self) -> str:
        return " ".join(str(self.cleaned_data["tag"]).lower().split())


class MoveForm(forms.Form):
    to = forms.ChoiceField(label=_("New status"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed to re-open a case; otherwise welcome."),
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Asking for the closing, and what follows from it, have pages of their own.
        by_two = {str(CaseStatus.CLOSING), str(CaseStatus.CLOSED)}
        reachable = set() if case.status == CaseStatus.CLOSING else CASE_MOVES[case.status] - by_two
        targets = sorted(reachable, key=list(CaseStatus.values).index)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared so above
        field.choices = [(target, CaseStatus(target).label) for target in targets]
        if len(targets) == 1:
            field.initial = targets[0]
        if case.status == CaseStatus.CLOSED:
            self.fields["reason"].required = True


class MemberForm(forms.Form):
    user = PersonField(label=_("Person"))
    reader = forms.BooleanField(
        label=_("May only read"),
        required=False,
        help_text=_("A reader sees the whole case and changes nothing in it."),
    )

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Membership.objects.filter(case=grant.case, ended_at__isnull=True).values("user_id")
        field = self.fields["user"]
        assert isinstance(field, PersonField)  # noqa: S101 - declared so above
        field.queryset = (
            User.objects.filter(is_active=True, role__in=CASEWORK_ROLES)
            .exclude(pk__in=members)
            .order_by("name", "id")
        )


class LeadForm(forms.Form):
    user = PersonField(label=_("New lead"))

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Membership.objects.filter(case=grant.case, reader=False, ended_at__isnull=True)
        field = self.fields["user"]
        assert isinstance(field, PersonField)  # noqa: S101 - declared so above
        field.queryset = (
            User.objects.filter(pk__in=members.values("user_id"), is_active=True)
            .exclude(pk=grant.case.lead_id)
            .order_by("name", "id")
        )


class EmptyForm(forms.Form):
    """A page that only asks for a yes."""


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("A note is written once. A correction is another note."),
    )
