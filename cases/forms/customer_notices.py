"""The shape of a notice to a customer."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.base import NOT_CHOSEN, UtcMomentField
from cases.models import Case, ExchangeAccount


class CustomerNoticeForm(forms.Form):
    account_number = forms.TypedChoiceField(label=_("Account"), coerce=int)
    told_at = UtcMomentField(label=_("Told (UTC)"))
    how = forms.CharField(label=_("How"), max_length=200, help_text=_("By letter, by mail, by telephone."))
    words = forms.CharField(
        label=_("What was said"), max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )
    no_report = forms.BooleanField(
        label=_("No suspicious activity report was made or is being considered behind this case."),
        required=False,
    )
    counsel = forms.CharField(
        label=_("Counsel's word"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed where counsel decides."),
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["account_number"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - declared so above
        rows = ExchangeAccount.objects.filter(case=case).order_by("number")
        field.choices = [
            NOT_CHOSEN,
            *((str(row.number), f"{row.account_number} · {row.holder}") for row in rows),
        ]
