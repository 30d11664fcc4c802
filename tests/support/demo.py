"""The demo, loaded as `bin/up` loads it."""

import io
import json

from django.core.management import call_command

from cases.models import Case

FUNDED = [
    ["Payroll wallet", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"],
    ["Savings wallet", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"],
    ["Third wallet", "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"],
]


def seeded(wallets: list[list[str]] = FUNDED) -> str:
    """Run the command; returns what it printed."""
    out = io.StringIO()
    call_command("seed_demo", development_wallets=json.dumps(wallets), stdout=out)
    return out.getvalue()


def sample() -> Case:
    return Case.objects.get(title__startswith="DPRK IT workers")


def follow_up() -> Case:
    return Case.objects.get(title__startswith="Follow-up")
