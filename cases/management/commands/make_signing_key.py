"""The first key that signs checkpoints."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases.actions.keys import begin_signing
from cases.audit.tree.keys import NoSigningKey, verifier_key


class Command(BaseCommand):
    help = "Make the first key that signs checkpoints where there is none yet, and print its public half."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = begin_signing(at=datetime.now(UTC))
        except (NoSigningKey, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Checkpoints are signed by {verifier_key(key)}")
        self.stdout.write(
            "Publish this line where your record's readers can find it without asking this system."
        )
