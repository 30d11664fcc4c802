from typing import Any

from django.core.management.base import BaseCommand

from wallets.registry import ensure_assets


class Command(BaseCommand):
    help = "Make the rows of all assets that are read: native coins, known tokens, and those of the settings."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{ensure_assets()} assets")
