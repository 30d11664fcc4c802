"""Load the demo: fictional people, the sample case, a case with work on it today."""

import json
import os
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from cases.management.demo import dprk, follow_up, prices
from cases.management.demo.desk import DevelopmentWallet
from cases.management.demo.people import add_people
from cases.people.models import User


class Command(BaseCommand):
    help = "Load the demo into an empty installation. Running it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--development-wallets",
            default="[]",
            metavar="JSON",
            help='Funded addresses on the local development chain: [["label", "0x…"], …].',
        )

    def handle(self, *args: Any, development_wallets: str, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "The demo is off (HOLDFAST_DEMO): no sample people are added to a real installation."
            )
        if User.objects.filter(is_demo=True).exists():
            self.stdout.write("The demo is loaded already; nothing was changed.")
            return
        if User.objects.exists():
            raise CommandError(
                "There are people in this installation; the demo is only loaded into an empty one."
            )
        wallets = _wallets(development_wallets) if "localdev" in settings.WALLET_CHAIN_URLS else []
        now = timezone.now()
        with transaction.atomic():
            team, logins = add_people(at=now)
            dprk.build(team, wallets, seeded_at=now)
            follow_up.build(team, wallets, seeded_at=now)
            if wallets:
                prices.add_prices(team, at=now)
            # Written before the commit: a seeded database without its passwords would be a locked door.
            self._write_logins(logins)
        self.stdout.write("The demo is loaded.")
        for login in logins:
            self.stdout.write(f"{login['role']:<14} {login['email']:<36} {login['password']}")

    def _write_logins(self, logins: list[dict[str, str]]) -> None:
        home = settings.HOLDFAST_HOME
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        target, fresh = home / "demo-logins.json", home / "demo-logins.json.new"
        fresh.unlink(missing_ok=True)
        with os.fdopen(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as out:
            json.dump({"logins": logins}, out, ensure_ascii=False, indent=2)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(target)


def _wallets(text: str) -> Sequence[DevelopmentWallet]:
    try:
        return [
            DevelopmentWallet(label=str(label), address=str(address)) for label, address in json.loads(text)
        ]
    except (ValueError, TypeError) as error:
        raise CommandError(f"--development-wallets: {error}") from error
