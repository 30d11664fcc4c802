"""Recompute the record: every chain, the tree and its checkpoints, every recorded row against the last word on it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases.audit.models import Stream
from cases.audit.readings import verify_readings
from cases.audit.rows import verify_rows
from cases.audit.tree.checkpoints import newest, verify_tree
from cases.audit.verify import verify_stream
from cases.models import Case
from cases.models.recorded import RECORDED


class Command(BaseCommand):
    help = "Say whether every event still follows from the one before, and every row is as the events last told it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference", nargs="?", help="Only the chain of this case.")

    def handle(self, *args: Any, reference: str | None, **options: Any) -> None:
        names = {case.stream_id: case.reference for case in Case.objects.only("stream_id", "reference")}
        streams = Stream.objects.order_by("pk")
        if reference is not None:
            streams = streams.filter(pk__in=[pk for pk, name in names.items() if name == reference])
            if not streams:
                raise CommandError(f"There is no case {reference}.")
        broken = 0
        for stream in streams.iterator():
            finding = verify_stream(stream)
            if finding is not None:
                broken += 1
                name = names.get(stream.pk, stream.kind)
                self.stderr.write(f"{name}: event {finding.sequence}: {finding.reason}")
        complaints = [f"{broken} of {len(streams)} streams do not hold"] if broken else []
        if reference is None:
            complaints += self._rest()
        if complaints:
            raise CommandError("; ".join(complaints) + ".")
        self.stdout.write(f"{len(streams)} streams hold.")
        if reference is None:
            last = newest()
            signed = "no checkpoint was signed yet" if last is None else f"{last.size} events are signed"
            self.stdout.write(f"The tree and its checkpoints hold; {signed}.")
            self.stdout.write("The readings are as the record told them.")
            self.stdout.write(f"The rows of {len(RECORDED)} tables are as the record last told them.")

    def _rest(self) -> list[str]:
        """What else does not hold, each told on its own line; one sentence for each kind."""
        wrong = 0
        for row in verify_rows(RECORDED):
            wrong += 1
            told = "" if row.event_id is None else f" (event {row.event_id} told of it last)"
            self.stderr.write(f"{row.table} {row.row} {row.reason}{told}")
        complaints = [f"{wrong} rows are not as the record last told them"] if wrong else []
        readings = 0
        for reading in verify_readings():
            readings += 1
            told = "" if reading.event_id is None else f" (event {reading.event_id} told of it)"
            self.stderr.write(f"{reading.what} {reading.where} {reading.reason}{told}")
        if readings:
            complaints.append(f"{readings} looks, readings or balances are not as the record told them")
        places = 0
        for words in verify_tree():
            places += 1
            self.stderr.write(words)
        return [*complaints, f"the tree does not hold in {places} places"] if places else complaints
