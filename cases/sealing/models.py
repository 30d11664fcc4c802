"""Data keys: one for each scope (a case, or the installation itself), itself encrypted under a master key.

The master keys lie in files outside the database (`cases.sealing.masters`): who takes the database alone reads
nothing that is sealed. Destroying a data key is how a disposed case's sealed texts go, once the backups that hold the key
are gone as well, or the master key that wrapped it is.
"""

import pgtrigger
from django.db import models
from django.db.models import Q

from wallets.models.triggers import FirmTrigger


class DataKey(models.Model):
    """The key of one scope, wrapped. Once destroyed it stays so: the row says when, and nothing can be read again."""

    scope = models.UUIDField(unique=True, editable=False)
    # AES-GCM under the master key named beside it: nonce (12) ‖ ciphertext (32) ‖ tag (16). Null once destroyed.
    wrapped = models.BinaryField(null=True)
    master = models.CharField(max_length=40)
    made_at = models.DateTimeField(auto_now_add=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(wrapped__isnull=True, destroyed_at__isnull=False)
                | Q(wrapped__isnull=False, destroyed_at__isnull=True),
                name="data_key_is_there_or_destroyed",
            ),
        ]
        triggers = [
            FirmTrigger(
                name="data_key_stays_destroyed",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="IF OLD.wrapped IS NULL OR NEW.scope <> OLD.scope THEN RAISE EXCEPTION "
                "'a destroyed key stays destroyed, and a key stays with its scope' USING ERRCODE = "
                "'insufficient_privilege'; END IF; RETURN NEW;",
            ),
            FirmTrigger(
                name="data_key_never_deleted",
                operation=pgtrigger.Delete,
                when=pgtrigger.Before,
                func="RAISE EXCEPTION 'a data key is destroyed, never deleted' USING ERRCODE = "
                "'insufficient_privilege'; RETURN NULL;",
            ),
            FirmTrigger(
                name="data_key_never_truncated",
                operation=pgtrigger.Truncate,
                when=pgtrigger.Before,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'a data key is destroyed, never deleted' USING ERRCODE = "
                "'insufficient_privilege'; RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return str(self.scope)
