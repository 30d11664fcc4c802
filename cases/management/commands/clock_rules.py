"""Write docs/deadlines.md from the rules that the product ships with, or check that it says what they say."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cases.deadlines import CALENDARS, Rule, shipped_rules
from cases.deadlines.rules import Roll, Start, Unit

_COUNTS = {
    Unit.CALENDAR_DAYS: "{n} calendar days",
    Unit.BUSINESS_DAYS: "{n} business days",
    Unit.HOURS: "{n} hours",
    Unit.MONTHS: "{n} months",
    Unit.DATE_CERTAIN: "the moment on the paper, never moved",
    Unit.RAW: "the moment as given",
}
_STARTS = {
    Start.NEXT_DAY: "the day after the trigger day is day 1",
    Start.TRIGGER_DAY: "the trigger day is day 1",
    Start.NEXT_BUSINESS_DAY: "the first open day after the trigger day is day 1",
    Start.AT_ONCE: "runs from the very moment",
}
_HEAD = """# Clocks

Written by `manage.py clock_rules` from `cases/deadlines/rules.toml`; the tests compare the two. These are the rules that the
product ships with, version 1 of each. A compliance team edits them as rows (Clock rules), without a release, and every
due moment that was computed keeps the version of the rule and of the calendar by which it was. Nothing here is legal advice.

A period in days or months ends with the last second of its last day in the rule's own time zone, whatever zone the trigger
was noted in. Public holidays come from the library *holidays*; closures that no library knows ahead, such as executive
orders that close federal offices, are added by hand (Closures). Holidays are known for the years 1990 to 2098; a clock that
leaves them is refused rather than counted wrongly. A later trigger is never due on an earlier day, and a closure never moves
a date earlier: both are held by tests over thousands of examples a rule. One thing is the law's own: a period in hours that
goes on to the *same time* of the next open day may end earlier on that day than one that began before it.

"""


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; fail where the file differs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "deadlines.md"
        text = document()
        if not options["check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError("docs/deadlines.md does not say what the rules say: run manage.py clock_rules")


def document() -> str:
    """The whole file."""
    parts = [_HEAD, "## Rules\n"]
    parts += [_section(rule) for rule in shipped_rules()]
    parts.append("## Calendars\n\n| key | closed days | source |\n|---|---|---|\n")
    parts += [f"| `{kind.key}` | {kind.label} | {kind.source} |\n" for kind in CALENDARS.values()]
    return "".join(parts)


def _section(rule: Rule) -> str:
    lines = [f"### {rule.label}", "", f"- Key: `{rule.key}`; {rule.jurisdiction}"]
    if rule.unit is Unit.YEARLY and rule.due_day and rule.as_of:
        counts = "by {:02}-{:02} for what stood on {:02}-{:02}".format(*rule.due_day, *rule.as_of)
    else:
        counts = _COUNTS[rule.unit].format(n=rule.count)
    lines.append(f"- Counts: {counts}")
    if rule.counts and rule.unit is not Unit.YEARLY:
        lines.append(f"- Start: {_STARTS[rule.start]}")
        last = "goes on to the next open day" if rule.roll is Roll.FORWARD else "stays"
        if rule.unit is not Unit.BUSINESS_DAYS:
            lines.append(f"- A closed last day: {last}")
    lines.append(f"- Trigger: {rule.trigger}")
    lines.append(f"- Zone: {rule.zone}; calendars: {', '.join(f'`{key}`' for key in rule.calendars)}")
    if rule.renewable:
        lines.append(f"- Renewal: {rule.renewable}")
    lines.append(f"- Source ({rule.confidence}): {rule.source}")
    if rule.note:
        lines.append(f"- Note: {rule.note}")
    return "\n".join(lines) + "\n\n"
