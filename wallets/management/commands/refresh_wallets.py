from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from wallets import snapshots
from wallets.models import Wallet


class Command(BaseCommand):
    help = "Read every due wallet now, in this process, without a worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="ask for a look at every wallet first")
        parser.add_argument("--chain", help="one chain only (its slug)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["all"]:
            wallets = Wallet.objects.all()
            if options["chain"]:
                wallets = wallets.filter(chain=options["chain"])
            snapshots.request_refresh(
                wallet_ids=list(wallets.values_list("pk", flat=True)), at=timezone.now()
            )
        chains = [options["chain"]] if options["chain"] else snapshots.due_chains(at=timezone.now())
        for chain in chains:
            looked_at = snapshots.refresh_chain(chain=chain, clock=timezone.now)
            self.stdout.write(f"{chain}: {looked_at} wallets looked at")
