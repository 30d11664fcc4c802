"""Shapes of what is typed to close a case and about how long its record is kept."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.base import NOT_CHOSEN, ListField, choices_of
from cases.forms.papers import of_model, text_area
from cases.models import RetentionClass
from cases.models.retention import newest_retention
from cases.status import Disposition


class AskClosingForm(forms.Form):
    disposition = forms.ChoiceField(label=_("Disposition"), choices=choices_of(Disposition.choices))
    words = forms.CharField(
        label=_("Why it can be closed"),
        max_length=2000,
        widget=text_area(4),
        help_text=_("What was found, for the person who decides."),
    )


class RetentionForm(forms.Form):
    """Which class counts for the case, and from which day."""

    retention = forms.ChoiceField(label=_("How long the record is kept"))
    counted_from = forms.DateField(
        label=_("Counted from"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The years begin on this day (UTC). The record may go on the day after they end."),
    )
    counted_because = forms.CharField(label=_("Why from this day"), required=False, max_length=500)
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=text_area(3))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["retention"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared so above
        field.choices = [
            NOT_CHOSEN,
            *(
                (key, f"{row.label} · {row.source}")
                for key, row in newest_retention().items()
                if not row.is_retired
            ),
        ]


class DecideClosingForm(RetentionForm):
    """A refusal asks for the reason alone; a closing for the retention."""

    agrees = forms.ChoiceField(
        label=_("Your decision"),
        widget=forms.RadioSelect,
        choices=[("yes", _("Close the case")), ("no", _("Refuse: the investigation goes on"))],
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=2000,
        widget=text_area(3),
        help_text=_("Needed where you refuse."),
    )
    field_order = ["agrees", "retention", "counted_from", "counted_because", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The action asks for them where the case is closed.
        self.fields["retention"].required = False
        self.fields["counted_from"].required = False

    def decision(self) -> dict[str, Any]:
        """What `decide_closing` takes."""
        data = self.cleaned_data
        counted_from: date | None = data["counted_from"]
        return {**data, "agrees": data["agrees"] == "yes", "counted_from": counted_from}


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=text_area(3))


class PlaceHoldForm(forms.Form):
    reason = forms.CharField(
        label=_("Why the record must be kept"),
        max_length=2000,
        widget=text_area(3),
        help_text=_("Every reader of the case sees it: name nothing here that some of them may not know."),
    )


class RetentionClassForm(forms.Form):
    label = of_model(RetentionClass, "label")
    years = forms.IntegerField(label=_("Calendar years"), min_value=1, max_value=99)
    counts_from = of_model(RetentionClass, "counts_from")
    afterwards = of_model(RetentionClass, "afterwards")
    source = of_model(RetentionClass, "source")
    suggested_for = ListField(
        label=_("Suggested for"),
        required=False,
        longest=60,
        help_text=_("One a line: always, instrument:KEY or typology:KEY."),
    )
    is_retired = forms.BooleanField(label=_("No longer offered"), required=False)
    reason = of_model(RetentionClass, "reason", required=True)


class NewRetentionClassForm(RetentionClassForm):
    key = forms.SlugField(
        label=_("Key"), max_length=30, help_text=_("Small letters, digits and underscores.")
    )
    field_order = ["key"]


class AskDisposalForm(forms.Form):
    words = forms.CharField(
        label=_("Why the record may go"),
        max_length=2000,
        widget=text_area(3),
        help_text=_("Such as the class whose years are over, and that nobody asks for the record any more."),
    )


class DecideDisposalForm(forms.Form):
    """Agreeing takes the reference of the case, typed; a refusal its reason."""

    agrees = forms.TypedChoiceField(
        label=_("Decision"),
        choices=[("no", _("Refuse: the record stays")), ("yes", _("Agree: destroy the key of this case"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    reference = forms.CharField(
        label=_("Reference of the case"),
        max_length=20,
        required=False,
        help_text=_("To agree: type it as it stands above."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.CharField(label=_("Reason"), max_length=2000, required=False, widget=text_area(3))
