"""The first master key of an installation, and the first key of its blind indexes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from cases.sealing import blind, masters
from cases.sealing.models import DataKey


class Command(BaseCommand):
    help = "Make the first master key, and the first search key, where there is none yet."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._make_master()
            if not blind.numbers():
                # Rows that an earlier key indexed are not lost by a new one: rotate_sealing_keys indexes them anew.
                self.stdout.write(f"Made search key {blind.make()}.")
        except (masters.NoMasterKey, OSError) as error:
            raise CommandError(str(error)) from error

    def _make_master(self) -> None:
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
        self.stdout.write(
            f"Made {masters.folder() / name}.key. Keep a copy apart from the database's backup."
        )
