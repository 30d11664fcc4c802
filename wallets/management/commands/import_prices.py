import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from wallets.prices import BadFile, import_prices
from wallets.prices.files import MAX_BYTES


class Command(BaseCommand):
    help = (
        "Take prices from a CSV file with the columns key,currency,price,at,source: all of them, or none where a "
        "line is bad. Running it again adds nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--corrections",
            action="store_true",
            help="store prices that differ from the record for the same moment and source as their corrections",
        )

    def handle(self, *args: Any, file: Path, corrections: bool, **options: Any) -> None:
        try:
            with file.open("rb") as opened:
                # One byte more than may be shows that there is more; the rest need not be read.
                content = opened.read(MAX_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        try:
            done = import_prices(
                content,
                name=file.name,
                brought_by=f"{getpass.getuser()} (command line)",
                at=timezone.now(),
                corrections=corrections,
            )
        except BadFile as error:
            lines = "\n".join(str(bad) for bad in error.lines)
            raise CommandError(f"Nothing was taken from {file.name}:\n{lines}") from error
        recorded = done.recorded
        self.stdout.write(
            f"{len(recorded.added)} prices added, {len(recorded.corrected)} corrected. SHA-256 {recorded.digest}"
        )
        for words, lines_of in (("on record already", done.known), ("said twice in the file", done.repeated)):
            if lines_of:
                self.stdout.write(f"{words}: lines {', '.join(map(str, lines_of))}")
