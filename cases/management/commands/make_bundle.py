"""The bundle of a case as a file, for an operator."""

import shutil
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cases.access import Denied, NotFound, case_for
from cases.actions.base import ActionError
from cases.actions.bundles import make_bundle
from cases.people.models import User
from cases.permissions import Permission


class Command(BaseCommand):
    help = "Write the verification bundle of a case, in the name of a person who may export it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference")
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--as", dest="email", required=True, help="The e-mail of the person who takes it."
        )

    def handle(self, *args: Any, reference: str, file: Path, email: str, **options: Any) -> None:
        person = User.objects.filter(email__iexact=email, is_active=True).first()
        if person is None:
            raise CommandError(f"There is no active person with the address {email}.")
        if file.exists():
            raise CommandError(f"{file} is there already.")
        try:
            grant = case_for(person, reference, Permission.EXPORT)
            with make_bundle(grant=grant, at=datetime.now(UTC)) as (path, made):
                shutil.copyfile(path, file)
        except (NotFound, Denied) as error:
            raise CommandError(f"There is no case {reference} that this person may export.") from error
        except (ActionError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{file}: {made.events} events under a tree of {made.tree_size}, SHA-256 {made.sha256}"
        )
