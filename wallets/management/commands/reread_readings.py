from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from wallets.models import Reading
from wallets.snapshots.reread import WORDS, answers_damaged, reread


class Command(BaseCommand):
    help = (
        "Ask the chain again for stored readings, each at its own block, and say of each: same, different, or "
        "cannot be re-read. Writes nothing. Ends with 1 when one is different or a stored answer is damaged."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--chain", help="one chain only (its slug)")
        parser.add_argument("--address", help="one wallet only (its canonical address)")
        parser.add_argument("--look", type=int, help="one look only (its number)")
        parser.add_argument("--limit", type=int, default=1000, help="the newest so many (default 1000)")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Reading.objects.select_related("wallet", "asset", "batch")
        if options["chain"]:
            rows = rows.filter(wallet__chain=options["chain"])
        if options["address"]:
            rows = rows.filter(wallet__address=options["address"])
        if options["look"]:
            rows = rows.filter(batch=options["look"])
        found = list(rows.order_by("-taken_at", "wallet_id", "asset_id")[: options["limit"]])
        if not found:
            raise CommandError("No such reading.")
        counts = {"same": 0, "different": 0, "cannot": 0}
        for one in reread(found):
            counts[one.verdict] += 1
            row = one.reading
            detail = f" ({one.why})" if one.why else f": {one.amount}" if one.verdict == "different" else ""
            self.stdout.write(
                f"{row.wallet.chain} {row.wallet.address} {row.asset.symbol} {row.amount} "
                f"at block {row.batch.block_height} {row.batch.block_hash}: {WORDS[one.verdict]}{detail}"
            )
        damaged = [digest for batch in {row.batch for row in found} for digest in answers_damaged(batch)]
        for digest in damaged:
            self.stdout.write(f"stored answer {digest}: gone or damaged")
        self.stdout.write(
            f"{counts['same']} same, {counts['different']} different, {counts['cannot']} cannot be re-read"
        )
        if counts["different"] or damaged:
            raise CommandError("A stored reading is not what the chain or the store says.")
