"""Writing prices down: all of a batch or nothing, what is known already only once, a correction only on purpose."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from django.db import connection, transaction

from wallets.blobs import digest_of, put_many
from wallets.models import Price, PriceBatch
from wallets.prices.quotes import EXACT, Quote

# Writers stand in one line, so that two of them cannot both be the first to bring a price. The number is arbitrary.
_LOCK: Final = 0x70726963
_BATCH_SIZE: Final = 2000


class Contradiction(Exception):
    """Quotes say something else than what their source is on record with for the same moment. Nothing was stored.

    `found` holds each of them with the price on record.
    """

    def __init__(self, found: Sequence[tuple[Quote, Decimal]]) -> None:
        super().__init__(f"{len(found)} prices contradict what is recorded")
        self.found = list(found)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of the quotes. `batch` is None where nothing was new, and then nothing was written.

    `known` stood in the record already, `contradicting` (only with `differing="skip"`) were left out.
    """

    batch: PriceBatch | None
    digest: str
    added: tuple[Quote, ...] = ()
    corrected: tuple[Quote, ...] = ()
    known: tuple[Quote, ...] = ()
    contradicting: tuple[tuple[Quote, Decimal], ...] = ()


@transaction.atomic
def record_prices(
    quotes: Sequence[Quote],
    *,
    kind: PriceBatch.Kind,
    name: str,
    body: bytes,
    brought_by: str = "",
    differing: Literal["refuse", "correct", "skip"] = "refuse",
) -> Recorded:
    """Store the quotes that are new, with the file or answer (`body`) that they were taken from.

    No two of `quotes` may be about the same place. `differing`: what to do where a source is on record with another
    price for the same moment: raise `Contradiction`, store the new one as its correction, or leave it out.
    """
    if len({quote.place for quote in quotes}) != len(quotes):
        raise ValueError("two quotes of a batch are about the same")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    on_record = _on_record(quotes)
    added, corrected, known = [], [], []
    contradicting: list[tuple[Quote, Decimal]] = []
    for quote in quotes:
        there = on_record.get(quote.place)
        if there is None:
            added.append(quote)
        elif there[0] == quote.price:
            known.append(quote)
        elif differing == "correct":
            corrected.append(quote)
        else:
            contradicting.append((quote, there[0]))
    if contradicting and differing == "refuse":
        raise Contradiction(contradicting)
    batch = None
    digest = digest_of(body)
    if added or corrected:
        put_many([(digest, body)])
        batch = PriceBatch.objects.create(kind=kind, name=name[:200], body_id=digest, brought_by=brought_by)
        Price.objects.bulk_create(
            [
                Price(
                    key=quote.key,
                    currency=quote.currency,
                    price=quote.price,
                    at=quote.at,
                    source=quote.source,
                    revision=on_record[quote.place][1] + 1 if quote.place in on_record else 0,
                    batch=batch,
                )
                for quote in (*added, *corrected)
            ],
            batch_size=_BATCH_SIZE,
        )
    return Recorded(batch, digest, tuple(added), tuple(corrected), tuple(known), tuple(contradicting))


_ON_RECORD = """
    SELECT asked.number, found.price, found.revision
    FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[])
         WITH ORDINALITY AS asked (key, currency, at, source, number)
    CROSS JOIN LATERAL (
        SELECT price, revision FROM wallets_price AS price_row
        WHERE price_row.key = asked.key AND price_row.currency = asked.currency
          AND price_row.at = asked.at AND price_row.source = asked.source
        ORDER BY revision DESC LIMIT 1
    ) AS found
"""


def _on_record(quotes: Sequence[Quote]) -> dict[tuple[object, ...], tuple[Decimal, int]]:
    """The price and revision that count now, by place. One query."""
    if not quotes:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_ON_RECORD, [list(column) for column in zip(*(q.place for q in quotes), strict=True)])
        return {
            quotes[number - 1].place: (price.normalize(EXACT), revision)
            for number, price, revision in cursor.fetchall()
        }
