"""How a reference stands in a URL. Registered on import, which `cases.urls` does before any of its modules."""

from django.urls import register_converter

from cases.access import PATTERN


class ReferenceConverter:
    """A case's, matter's or export's reference in its printed form; its check character is tried by the door."""

    regex = PATTERN

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ReferenceConverter, "ref")
