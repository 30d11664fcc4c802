"""Read every stored file again and say which no longer fits its digest."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand

from cases.actions.exhibits import check_files
from cases.audit.record import Source, acting_from
from cases.queries.stored import not_intact


class Command(BaseCommand):
    help = "Reads every stored file again. Exit 1 where one is damaged or missing; each case that holds it is told."

    def handle(self, *args: Any, **options: Any) -> None:
        def now() -> datetime:
            return datetime.now(UTC)

        with acting_from(Source(kind="command")):
            found = check_files(now=now, every=timedelta(0), until=now() + timedelta(days=30))
        for row in not_intact():
            self.stdout.write(f"{row.state} since {row.since:%Y-%m-%d %H:%M} UTC: {row.sha256}")
        self.stdout.write(", ".join(f"{count} {state}" for state, count in found.items()))
        if found["damaged"] or found["missing"]:
            sys.exit(1)
