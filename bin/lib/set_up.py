"""Brings the database up to date: one process, so that a second start pays for loading Django once.

Run by bin/up with the settings in the environment. Exits non-zero with the reason as its last line.
"""

import json
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))


def main() -> int:
    import django

    django.setup()

    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.cache import cache
    from django.core.management import CommandError, call_command
    from django.core.management.base import SystemCheckError
    from django.db import Error as DatabaseError

    from config.devchain import demo_wallets
    from config.health import HEARTBEAT_KEY

    try:
        call_command("check")
        call_command("migrate", interactive=False, verbosity=1)
        call_command("sync_assets")
        if settings.DEMO:
            # Seeding that was broken off leaves people behind: the note makes the next start finish it.
            note = settings.HOLDFAST_HOME / "demo-unfinished"
            if note.exists() or not get_user_model().objects.exists():
                note.touch()
                wallets = [(wallet.label, wallet.address) for wallet in demo_wallets()]
                call_command("seed_demo", development_wallets=json.dumps(wallets))
                note.unlink()
        # The last run's worker must not vouch for the one that is about to start.
        cache.delete(HEARTBEAT_KEY)
    except (CommandError, SystemCheckError, DatabaseError) as error:
        print(" ".join(str(error).split()))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
