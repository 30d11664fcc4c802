"""A checkpoint now, for who does not want to wait for the next minute."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases.actions.checkpoints import checkpoint_now
from cases.audit.tree.checkpoints import TreeBroken
from cases.audit.tree.keys import NoSigningKey


class Command(BaseCommand):
    help = "Sign the record as it stands and print the checkpoint."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            checkpoint = checkpoint_now(at=datetime.now(UTC))
        except (NoSigningKey, TreeBroken) as error:
            raise CommandError(str(error)) from error
        if checkpoint is None:
            raise CommandError("The record is empty.")
        self.stdout.write(checkpoint.note, ending="")
