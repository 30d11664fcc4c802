"""A new master key, under which every data key is wrapped anew."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases.actions.keys import rotate_sealing_key
from cases.sealing import masters
from cases.sealing.envelope import CannotUnseal


class Command(BaseCommand):
    help = "Make a new master key and wrap every case's key under it. Running processes need no restart."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rotate_sealing_key(at=datetime.now(UTC))
        except (masters.NoMasterKey, CannotUnseal, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done} keys are wrapped under {masters.folder() / masters.current()}.key. "
            "Keep the older files for as long as backups of the database need them."
        )
