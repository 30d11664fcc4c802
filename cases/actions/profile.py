"""A person's own choices about the pages. They change nothing in any case, so no event is written."""

from django.db import transaction

from cases.people.models import User


@transaction.atomic
def choose_theme(*, by: User, theme: str) -> User:
    """Light, dark, or as the system (the empty word)."""
    person = User.objects.select_for_update(no_key=True).get(pk=by.pk)
    if theme not in {"", "light", "dark"}:
        raise ValueError(theme)
    if person.theme != theme:
        person.theme = theme
        person.save(update_fields=["theme"])
    return person
