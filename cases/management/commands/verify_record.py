"""Recompute the hash chain of every stream, or of one case."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases.audit.models import Stream
from cases.audit.verify import verify_stream
from cases.models import Case


class Command(BaseCommand):
    help = "Say whether every event still follows from the one before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference", nargs="?", help="Only this case.")

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
        if broken:
            raise CommandError(f"{broken} of {len(streams)} streams do not hold.")
        self.stdout.write(f"{len(streams)} streams hold.")
