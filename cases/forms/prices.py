"""The shape of a file of prices."""

from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from cases.forms.papers import safe_name
from wallets.prices.files import MAX_BYTES


class SmallFile(NamedTuple):
    """A file that was read whole."""

    filename: str
    content: bytes


class SmallFileField(forms.FileField):
    """A file of a size that is read into memory; cleaned to a `SmallFile`."""

    default_error_messages = {"too_large": _("The file is larger than %(limit)s.")}

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if not isinstance(file, UploadedFile):
            return None
        if (file.size or 0) > MAX_BYTES:
            raise ValidationError(
                self.error_messages["too_large"],
                code="too_large",
                params={"limit": filesizeformat(MAX_BYTES)},
            )
        return SmallFile(safe_name(file.name or ""), file.read())


class PriceFileForm(forms.Form):
    file = SmallFileField(
        label=_("CSV file"),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=_("UTF-8, at most 2 MB and 20,000 prices. The file is kept with its SHA-256."),
    )
    corrections = forms.BooleanField(
        label=_("Prices that differ from the record correct it"),
        required=False,
        help_text=_(
            "Without this, a line that says another price than the record for the same moment and source is a "
            "mistake. What is corrected stays in the record."
        ),
    )
