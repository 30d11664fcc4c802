"""What fixes a look: the digest over everything that it wrote, and where that was told."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallets.models.batches import ReadingBatch
from wallets.models.triggers import FirmTrigger

_REFUSE = (
    "RAISE EXCEPTION '% of wallets_lookdigest is refused: a digest is written once', TG_OP "
    "USING ERRCODE = 'restrict_violation';"
)


class LookDigest(models.Model):
    """The digest of one look (`wallets.snapshots.digests`), written in the look's own transaction, and once.

    `told_as` is the number under which whoever keeps the record told of it (`WALLET_RECORDER`), opaque here; empty
    while nobody did. `digest` is empty only for looks that were made before digests were kept, until they are told.
    """

    batch = models.OneToOneField(
        ReadingBatch, on_delete=models.PROTECT, primary_key=True, related_name="fixed"
    )
    digest = models.CharField(_("digest"), max_length=64, null=True)  # noqa: DJ001 - not known is not empty
    readings = models.PositiveIntegerField(_("readings"), null=True)
    told_as = models.BigIntegerField(_("told as"), null=True)

    class Meta:
        verbose_name = _("digest of a look")
        verbose_name_plural = _("digests of looks")
        constraints = [
            models.CheckConstraint(
                condition=Q(digest__isnull=True, readings__isnull=True)
                | Q(digest__isnull=False, digest__regex=r"^[0-9a-f]{64}$", readings__isnull=False),
                name="lookdigest_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(told_as__isnull=True) | Q(digest__isnull=False), name="lookdigest_told_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["batch"], name="lookdigest_untold", condition=Q(told_as__isnull=True))
        ]
        triggers = [
            FirmTrigger(
                name="written_once",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                # Told it becomes, once; a digest that was missing is made then.
                func=f"""
                    IF TG_OP = 'UPDATE' AND OLD.told_as IS NULL AND NEW.told_as IS NOT NULL
                       AND NEW.batch_id = OLD.batch_id
                       AND (OLD.digest IS NULL OR (NEW.digest, NEW.readings) = (OLD.digest, OLD.readings)) THEN
                        RETURN NEW;
                    END IF;
                    {_REFUSE}
                """,
            ),
            FirmTrigger(
                name="never_truncated",
                when=pgtrigger.Before,
                level=pgtrigger.Statement,
                operation=pgtrigger.Truncate,
                func=_REFUSE,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.digest}"
