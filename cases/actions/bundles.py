"""Bundles: the case's part of the record, signed and proven, for an outsider to check offline."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, write_event
from cases.actions.checkpoints import checkpoint_now
from cases.audit.tree.checkpoints import TreeBroken
from cases.audit.tree.keys import NoSigningKey
from cases.audit.tree.notes import BadNote
from cases.chronology.entries import hidden_events
from cases.exports.bundle import Bundle, NotInTheTree, make
from cases.permissions import Permission

# Between the checkpoint and the reading somebody may have written; then it is signed again.
TRIES = 5


@contextmanager
def make_bundle(*, grant: Grant, at: datetime) -> Iterator[tuple[Path, Bundle]]:
    """The bundle of a case as a file that is gone afterwards. An event tells of it before anybody gets a byte.

    Raises Denied, ActionError where the record cannot be signed or proven now.
    """
    grant.require(Permission.EXPORT)
    incoming = Path(settings.FILES_ROOT) / "incoming"
    incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
    with TemporaryDirectory(dir=incoming) as folder:
        path = Path(folder) / "bundle.zip"
        made = _made(grant, path, at=at)
        _tell(grant, made, at=at)
        yield path, made


def _made(grant: Grant, path: Path, *, at: datetime) -> Bundle:
    for _turn in range(TRIES):
        try:
            checkpoint = checkpoint_now(at=at)
            if checkpoint is not None:
                return make(
                    grant.case, checkpoint=checkpoint, at=at, hidden=hidden_events(grant.case), out=path
                )
        except NotInTheTree:
            continue
        except (NoSigningKey, TreeBroken, BadNote, LookupError) as error:
            raise ActionError(_("The record cannot be signed now: %(why)s") % {"why": error}) from error
        except FileNotFoundError as error:
            raise ActionError(
                _("A file of this case is missing in the file store: no bundle is made.")
            ) from error
    raise ActionError(_("The case is being written to all the time. Try again."))


@transaction.atomic
def _tell(grant: Grant, made: Bundle, *, at: datetime) -> None:
    write_event(
        grant,
        action="bundle.made",
        at=at,
        details={
            "sha256": made.sha256,
            "size": made.size,
            "tree_size": made.tree_size,
            "whole": made.is_whole,
        },
    )
