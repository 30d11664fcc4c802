"""Add the first person of an installation; she adds the others."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cases.actions.base import ActionError
from cases.actions.people import add_person
from cases.people.models import Role, User


class Command(BaseCommand):
    help = "Add an administrator. Asks for the password, or reads it as one line from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("name")

    def handle(self, *args: Any, email: str, name: str, **options: Any) -> None:
        if sys.stdin.isatty():
            password = getpass.getpass("Password (12 characters or more): ")
        else:
            password = sys.stdin.readline().rstrip("\n")
        try:
            validate_password(password, User(email=email, name=name))
            add_person(
                by=None, at=timezone.now(), email=email, name=name, role=Role.ADMINISTRATOR, password=password
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except ActionError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"{email} may now log in.")
