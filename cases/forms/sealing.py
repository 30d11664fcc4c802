"""Shapes of what is typed when an order is sealed, unsealed, or its readers change."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases.people.models import User

if TYPE_CHECKING:
    ChoiceOfSeveral = forms.ModelMultipleChoiceField[User]
else:
    ChoiceOfSeveral = forms.ModelMultipleChoiceField


class PeopleField(ChoiceOfSeveral):
    """Several persons to choose; their numbers in the database stay out of the page."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("queryset", User.objects.none())
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        super().__init__(to_field_name="public_id", **kwargs)

    def label_from_instance(self, obj: User) -> str:
        return f"{obj.name}, {obj.get_role_display()}"


class ReadersForm(forms.Form):
    """Who may know a sealed order, and why."""

    readers = PeopleField(
        label=_("Who may know it"),
        required=False,
        help_text=_("Members of the case, and auditors. Nobody else learns that there is an order."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The court's order, the statute, the instruction: what the seal rests on."),
    )

    def __init__(self, *args: Any, candidates: "QuerySet[User]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        readers = self.fields["readers"]
        assert isinstance(readers, PeopleField)  # noqa: S101 - declared so above
        readers.queryset = candidates


class UnsealForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
