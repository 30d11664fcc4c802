"""A new key that signs checkpoints, vouched for by the one before."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases.actions.keys import rotate_signing_key
from cases.audit.tree.checkpoints import TreeBroken
from cases.audit.tree.keys import NoSigningKey, verifier_key


class Command(BaseCommand):
    help = "Make a new signing key; the next checkpoint is signed by the old and the new one."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = rotate_signing_key(at=datetime.now(UTC))
        except (NoSigningKey, TreeBroken, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Checkpoints are signed by {verifier_key(key)}")
