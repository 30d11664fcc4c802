"""Server time of the pages an officer opens most, at 100 and at 10,000 cases.

Each request goes through the whole stack (middleware, session, access, templates) in this process; the network and the
server's socket are left out. Aims: p95 of at most 50 ms each, and growth of at most 1.3 from 100 to 10,000 cases.
"""

import argparse
import random

from bench.support import figure, machine, quantile, say, set_up, summary, timed

SMALL, LARGE = 100, 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same sizes, fewer repetitions")
    repetitions = 60 if parser.parse_args().quick else 400
    set_up()
    from django.db import connection

    from bench.filling import fill

    say(machine())
    measured: dict[int, dict[str, list[float]]] = {}
    filled = 0
    for size in (SMALL, LARGE):
        took = timed(lambda size=size, filled=filled: fill(size, already=filled))  # type: ignore[misc]
        filled = size
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("SELECT count(*) FROM cases_casewallet")
            wallets = cursor.fetchone()[0]
        say(f"filled to {size:,} cases and {wallets:,} wallets in {took / 1000:.1f} s")
        measured[size] = measure(repetitions)
        for page, samples in measured[size].items():
            say(f"{page} at {size:,} cases: {summary(samples)}")
    for page, samples in measured[LARGE].items():
        figure(f"pages.{page}.p95_ms", quantile(samples, 0.95), "ms")
    growth = {
        page: quantile(measured[LARGE][page], 0.5) / quantile(measured[SMALL][page], 0.5)
        for page in measured[LARGE]
    }
    say(
        "growth of the median from 100 to 10,000 cases: "
        + ", ".join(f"{p} {g:.2f}" for p, g in growth.items())
    )
    figure("pages.growth", max(growth.values()), "x")


def measure(repetitions: int) -> dict[str, list[float]]:
    """Milliseconds of `repetitions` requests of each page, by the same officer, over cases and words at random."""
    from django.test import Client
    from django.urls import reverse

    from cases.models import Case, CaseWallet, Subject
    from cases.people.models import User

    officer = User.objects.get(email="bench.officer@example.test")
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")
    chance = random.Random(7)
    references = list(Case.objects.values_list("reference", flat=True).order_by("?")[:200])
    names = list(Subject.objects.values_list("name", flat=True).order_by("?")[:100])
    addresses = list(CaseWallet.objects.values_list("wallet__address", flat=True).order_by("?")[:100])

    def get(url: str) -> None:
        response = client.get(url)
        assert response.status_code == 200, (url, response.status_code)

    def search() -> None:
        text = chance.choice([chance.choice(names), chance.choice(addresses), chance.choice(references)])
        response = client.post(reverse("search"), {"q": text})
        assert response.status_code == 303, response.status_code
        get(response["Location"])

    pages = {
        "list": lambda: get(reverse("case-list")),
        "case": lambda: get(reverse("case-detail", args=[chance.choice(references)])),
        "search": search,
    }
    samples: dict[str, list[float]] = {}
    for name, call in pages.items():
        for _ in range(10):
            call()
        samples[name] = [timed(call) for _ in range(repetitions)]
    return samples


if __name__ == "__main__":
    main()
