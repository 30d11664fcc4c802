"""Shapes of what an administrator types about people."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cases.forms.base import choices_of
from cases.forms.papers import of_model
from cases.people.models import Role, User


class PeopleFilterForm(forms.Form):
    """Narrows the list. No name stands in a URL, so there is no search by one."""

    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", _("Any role")), *Role.choices])
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Any state")), ("active", _("Active")), ("inactive", _("Deactivated"))],
    )


def _secret() -> forms.PasswordInput:
    return forms.PasswordInput(attrs={"autocomplete": "new-password"})


class PersonForm(forms.Form):
    """A new person with a first password, which is handed over in person and then changed by her."""

    email = of_model(User, "email")
    name = of_model(User, "name")
    role = forms.ChoiceField(label=_("Role"), choices=choices_of(Role.choices))
    agency = of_model(User, "agency")
    password = forms.CharField(
        label=_("First password"),
        strip=False,
        max_length=1000,
        widget=_secret(),
        help_text=_("At least 12 characters. Hand it over in person; she changes it herself."),
    )
    again = forms.CharField(
        label=_("The same password again"), strip=False, max_length=1000, widget=_secret()
    )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        password = data.get("password")
        if password and "again" in data and password != data["again"]:
            self.add_error("again", _("The two passwords differ."))
        if password:
            try:
                validate_password(password, User(email=data.get("email", ""), name=data.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return data


class EditPersonForm(forms.Form):
    name = of_model(User, "name")
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    agency = of_model(User, "agency")
    is_active = forms.BooleanField(
        label=_("May log in"),
        required=False,
        help_text=_("Without this she is let out at once. What she did stays in the record under her name."),
    )
