"""Brings the database up to date: one process, so that a second start pays for loading Django once.

Run by bin/up with the settings in the environment. Exits non-zero with the reason as its last line.
"""

import io
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
        call_command("make_sealing_keys", stdout=io.StringIO())
        call_command("migrate", interactive=False, verbosity=1)
        call_command("make_signing_key", stdout=io.StringIO())
        call_command("sync_assets")
        people = get_user_model().objects
        if settings.DEMO and not people.exists():
            wallets = json.dumps([[wallet.label, wallet.address] for wallet in demo_wallets()])
            # It prints the passwords, which do not belong in a log.
            call_command("seed_demo", development_wallets=wallets, stdout=io.StringIO())
        # The last run's worker must not vouch for the one that is about to start.
        cache.delete(HEARTBEAT_KEY)
    except (CommandError, SystemCheckError, DatabaseError) as error:
        print(" ".join(str(error).split()))
        return 1
    # bin/up reads this last line.
    print(f"people={people.count()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
