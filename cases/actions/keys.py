"""The installation's own keys: what the operator does to them stands in the record."""

from datetime import datetime

from django.db import transaction

from cases.audit.models import SigningKey
from cases.audit.record import record_system
from cases.audit.tree.checkpoints import make_checkpoint
from cases.audit.tree.keys import current, make_key, verifier_key
from cases.models import ParticularIndex
from cases.publishing import configured
from cases.queries.particulars import index_of, opened
from cases.sealing import blind, masters
from cases.sealing.envelope import CannotUnseal, unwrap, wrap
from cases.sealing.models import DataKey

PIECE = 500


def rotate_sealing_key(*, at: datetime) -> int:
    """Make a new master key and wrap every data key anew under it; returns how many. Raises NoMasterKey, CannotUnseal.

    What is sealed stays as it is: its data key is the same. Safe to break off and to run again: each piece is a
    transaction of its own, and a key that an old master wraps stays readable for as long as that file is there.
    """
    new = masters.make()
    done = 0
    while True:
        with transaction.atomic():
            rows = list(
                DataKey.objects.select_for_update()
                .filter(wrapped__isnull=False)
                .exclude(master=new)
                .order_by("pk")[:PIECE]
            )
            for row in rows:
                row.wrapped, row.master = wrap(row.scope, unwrap(row), master=new), new
            DataKey.objects.bulk_update(rows, ["wrapped", "master"])
            done += len(rows)
            if not rows:
                _index_anew()
                record_system(
                    action="keys.sealing_rotated",
                    actor=None,
                    occurred_at=at,
                    details={"master": new, "keys": done},
                )
                return done


def _index_anew() -> None:
    """A new search key, under which every particular is indexed anew. Under the lock of the transaction around it.

    A search looks under every key that is there, so nothing is missed meanwhile.
    """
    key = blind.make()
    rows = ParticularIndex.objects.exclude(key=key).select_related("particular__case__stream").order_by("pk")
    while piece := list(rows.select_for_update(of=("self",))[:PIECE]):
        for row in piece:
            found_by = index_of(row.particular.kind, opened(row.particular))
            if found_by is None:
                raise CannotUnseal(f"particular {row.particular_id} is no longer looked for")
            row.key, row.digest = found_by
        ParticularIndex.objects.bulk_update(piece, ["key", "digest"])


@transaction.atomic
def begin_signing(*, at: datetime) -> SigningKey:
    """The first key that signs checkpoints; the one that signs already where there is one. Raises NoSigningKey."""
    found = SigningKey.objects.order_by("-number").first()
    if found is not None:
        current()
        return found
    key = make_key(at=at)
    record_system(action="keys.signing_began", actor=None, occurred_at=at, details={"key": verifier_key(key)})
    return key


def rotate_signing_key(*, at: datetime) -> SigningKey:
    """A new key signs from now on; the checkpoint made now is signed by the old one as well, which so vouches for it.

    Raises NoSigningKey where the old key's file is gone: then nothing can vouch, and `make_checkpoint` goes on to say so.
    """
    old, _private = current()
    with transaction.atomic():
        key = make_key(at=at)
        record_system(
            action="keys.signing_rotated",
            actor=None,
            occurred_at=at,
            details={"key": verifier_key(key), "before": verifier_key(old)},
        )
    make_checkpoint(at=at, targets=configured(), also=old.number)
    return key
