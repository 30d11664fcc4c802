"""Where a reminder leads."""

from typing import Final

from django import template
from django.urls import reverse

from cases.models import Reminder, ReminderKind

register = template.Library()

_PAGES: Final = {
    ReminderKind.OBLIGATION: "obligation-clock",
    ReminderKind.TERM: "obligation-clock",
    ReminderKind.ORDER_DUE: "order-detail",
    ReminderKind.ORDER_ENDS: "order-detail",
    ReminderKind.HOLD: "freeze-detail",
    ReminderKind.FREEZE_ENDS: "freeze-detail",
    ReminderKind.TASK: "task-detail",
    ReminderKind.BREACH: "breach-detail",
    ReminderKind.NOT_HELD: "freeze-detail",
    ReminderKind.EXHIBIT_FILE: "exhibit-detail",
    # Says what is wrong with it instead of handing it out.
    ReminderKind.PAPER_FILE: "paper-download",
}


@register.simple_tag
def reminder_url(reminder: Reminder) -> str:
    """The page of the thing whose clock runs."""
    return reverse(_PAGES[ReminderKind(reminder.kind)], args=[reminder.case.reference, reminder.number])
