"""Fields that several forms share."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.models import Case, Confidence, Subject
from cases.people.models import User

Choice = tuple[str, str | Promise]
NOT_CHOSEN: Choice = ("", _("Choose…"))


EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class UtcMomentField(forms.DateTimeField):
    """A moment, typed and shown in UTC (the project's only zone); an offset that is typed along is respected.

    Years outside 1970 to 2199 are slips of the finger, and some of them cannot be turned into UTC at all.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "widget", forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        )
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        if moment is not None and not EARLIEST <= moment < LATEST:
            raise forms.ValidationError(_("Give a year from 1970 to 2199."), code="year")
        return moment


class ListField(forms.CharField):
    """Several texts in one box, one a line (or divided by `divider`); gives a list without blanks."""

    def __init__(self, *, divider: str = "\n", longest: int = 300, most: int = 100, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 3}) if divider == "\n" else forms.TextInput)
        kwargs.setdefault("max_length", 20_000)
        self.divider, self.longest, self.most = divider, longest, most
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return (self.divider if self.divider == "\n" else f"{self.divider} ").join(value)
        return value

    def clean(self, value: Any) -> list[str]:
        text: str = super().clean(value)
        items = [item.strip() for item in text.split(self.divider) if item.strip()]
        if len(items) > self.most:
            raise forms.ValidationError(
                _("At most %(most)s entries."), code="too_many", params={"most": self.most}
            )
        for item in items:
            if len(item) > self.longest:
                raise forms.ValidationError(
                    _("An entry has at most %(longest)s characters."),
                    code="too_long",
                    params={"longest": self.longest},
                )
        return items


if TYPE_CHECKING:
    ChoiceOfPeople = forms.ModelChoiceField[User]
else:
    ChoiceOfPeople = forms.ModelChoiceField


class PersonField(ChoiceOfPeople):
    """A person to choose; her number in the database stays out of the page."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("queryset", User.objects.none())
        kwargs.setdefault("empty_label", _("Choose…"))
        super().__init__(to_field_name="public_id", **kwargs)

    def label_from_instance(self, obj: User) -> str:
        return f"{obj.name}, {obj.get_role_display()}"


def choices_of(choices: Iterable[Choice]) -> list[Choice]:
    """The choices behind an empty one, so that nothing is chosen by leaving the first as it stands."""
    return [NOT_CHOSEN, *choices]


class SubjectOfCaseField(forms.TypedChoiceField):
    """A subject of the case, by its number in the case; gives the number or None."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            coerce=int,
            empty_value=None,
            required=False,
            label=kwargs.pop("label", _("Subject")),
            **kwargs,
        )

    def offer(self, case: Case) -> None:
        rows = Subject.objects.filter(case=case).order_by("number").values_list("number", "name")
        self.choices = [
            ("", _("No subject")),
            *((str(number), f"{number} · {name}") for number, name in rows),
        ]


def attribution_fields() -> tuple[forms.CharField, forms.ChoiceField]:
    """Source and confidence: nothing is ever said to be somebody's without both."""
    return (
        forms.CharField(
            label=_("Source of the attribution"),
            max_length=500,
            help_text=_(
                "Where this is known from: a paper, a list, an analysis, the exchange's own records."
            ),
        ),
        forms.ChoiceField(label=_("Confidence"), choices=choices_of(Confidence.choices)),
    )
