"""What narrows the installation's own record."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.chronology.system import SystemKind
from cases.people.models import User


class SystemRecordFilter(forms.Form):
    """A kind and a person, each from a list."""

    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("Everything")), *SystemKind.choices]
    )
    person = forms.ChoiceField(label=_("Person"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {str(person.public_id): person for person in User.objects.order_by("name", "pk")}
        self.fields["person"].choices = [  # type: ignore[attr-defined]
            ("", _("Everybody")),
            *((key, person.name) for key, person in self._people.items()),
        ]

    def clean_person(self) -> User | None:
        """The person behind the public identifier that was chosen."""
        return self._people.get(self.cleaned_data["person"])
