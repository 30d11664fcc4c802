"""The first master key of an installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from cases.sealing import masters
from cases.sealing.models import DataKey


class Command(BaseCommand):
    help = "Make the first master key where there is none yet."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if masters.numbers():
                self.stdout.write("There is a master key.")
                return
            # A new key beside data that an old one sealed would hide that the old one is missing.
            if DataKey._meta.db_table in connection.introspection.table_names() and DataKey.objects.exists():
                raise CommandError(
                    f"The database holds keys that a master key wrapped, and there is none in {masters.folder()}: "
                    "restore the keys from their backup."
                )
            name = masters.make()
        except (masters.NoMasterKey, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Made {masters.folder() / name}.key. Keep a copy apart from the database's backup."
        )
