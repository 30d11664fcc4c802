"""What is said of an exhibit when it is taken in, and of each step of its chain of custody."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.base import UtcMomentField
from cases.forms.papers import PaperField, of_model, text_area
from cases.models import Case, CustodyKind, CustodyStep, Exhibit, LegalOrder


class ExhibitForm(forms.Form):
    """The file, or the token of the upload that brought it, and where it comes from."""

    file = PaperField(label=_("File"), error_messages={"required": _("Choose a file.")})
    upload = forms.UUIDField(required=False, widget=forms.HiddenInput)
    title = of_model(Exhibit, "title", help_text=_("As it will be called in papers: “Chat log of 12 May”."))
    description = of_model(Exhibit, "description", widget=text_area(3))
    received_from = of_model(Exhibit, "received_from", help_text=_("Person and organisation."))
    received_how = of_model(
        Exhibit, "received_how", help_text=_("Such as “encrypted mail”, “USB drive, sealed bag 1142”.")
    )
    received_at = UtcMomentField(label=_("Received (UTC)"))
    order = forms.TypedChoiceField(label=_("Order"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The file itself only where no upload brought it.
        self.fields["file"].required = not (self.is_bound and self.data.get("upload"))
        rows = LegalOrder.objects.of(case).order_by("number")
        self.fields["order"].choices = [  # type: ignore[attr-defined]
            ("", _("No order")),
            *((str(row.number), f"{row.number} · {row.get_instrument_display()}") for row in rows),
        ]

    @property
    def token(self) -> UUID | None:
        """The upload that the form carries, whatever else is wrong with it."""
        return self.cleaned_data.get("upload") if hasattr(self, "cleaned_data") else None


class CustodyForm(forms.Form):
    """A step that a person states."""

    kind = forms.ChoiceField(
        label=_("What happened"),
        choices=[
            (kind.value, kind.label)
            for kind in (CustodyKind.HANDED_OVER, CustodyKind.RETURNED, CustodyKind.EXAMINED)
        ],
        widget=forms.RadioSelect,
    )
    other_person = of_model(CustodyStep, "other_person", help_text=_("To whom, or from whom."))
    other_organisation = of_model(CustodyStep, "other_organisation")
    how = of_model(CustodyStep, "how", help_text=_("Such as “by hand, against receipt 88”."))
    why = of_model(CustodyStep, "why", required=True, widget=text_area(3))
    happened_at = UtcMomentField(label=_("When (UTC)"))


class TakeForm(forms.Form):
    """Why somebody takes a file in which malware was found."""

    why = forms.CharField(label=_("Why you need it"), max_length=2000, widget=text_area(3))
