"""Shapes of what is typed about sharing a matter."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases.forms.base import NOT_CHOSEN, PersonField, UtcMomentField
from cases.forms.papers import text_area
from cases.models import LegalOrder
from cases.people.models import User


class LiaisonField(PersonField):
    """A liaison, named with her agency: two people may have the same name."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}, {obj.agency}"


class ShareForm(forms.Form):
    order = forms.TypedChoiceField(label=_("Order"), coerce=int)
    liaison = LiaisonField(label=_("Liaison"))
    purpose = forms.CharField(
        label=_("Purpose"),
        max_length=500,
        help_text=_("Why she sees it. She reads this, and it stands in her case file."),
    )
    ends_at = UtcMomentField(
        label=_("Ends"),
        required=False,
        help_text=_("In UTC. She sees nothing of it afterwards. Left empty: until somebody ends it."),
    )

    def __init__(
        self, *args: Any, orders: list[LegalOrder], liaisons: "QuerySet[User]", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        order, liaison = self.fields["order"], self.fields["liaison"]
        assert isinstance(order, forms.ChoiceField)  # noqa: S101 - declared so above
        assert isinstance(liaison, LiaisonField)  # noqa: S101 - declared so above
        order.choices = [
            NOT_CHOSEN,
            *(
                (str(o.number), f"{o.number} · {o.get_instrument_display()} · {o.agency_reference}")
                for o in orders
            ),
        ]
        liaison.queryset = liaisons


class EndShareForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=text_area(3))
