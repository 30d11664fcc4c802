"""The column type of an amount."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

# 2^256-1, the largest balance that an EVM chain can name, has 78 digits.
DIGITS = 78


class BaseUnitsField(models.DecimalField):  # type: ignore[type-arg]
    """An amount in integer base units: `numeric(78, 0)` in PostgreSQL, `int` in Python, never a float."""

    description = _("Integer base units")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"] = DIGITS
        kwargs["decimal_places"] = 0
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_digits", None)
        kwargs.pop("decimal_places", None)
        return name, path, args, kwargs

    def from_db_value(self, value: Decimal | None, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)

    def to_python(self, value: Any) -> Any:
        """An `int`, from an `int` or its digits; a float is refused because it may already be wrong."""
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        if isinstance(value, Decimal) and value == value.to_integral_value():
            return int(value)
        if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
            return int(value)
        raise ValidationError(_("An amount is a whole number of base units."), code="invalid")

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None or hasattr(value, "as_sql"):
            return value
        return Decimal(self.to_python(value))

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        return Decimal(self.to_python(value))
