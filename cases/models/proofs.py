"""What shows that a duty was carried out."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cases.models.base import append_only, known
from cases.models.cases import Case
from cases.models.evidence import OrderPaper
from cases.models.exports import Export
from cases.models.freezes import FreezeOrder
from cases.models.orders import Obligation
from cases.models.sealing import KnownQuerySet
from cases.models.transfers import Transfer
from cases.people.models import User
from wallets.models.triggers import FirmTrigger, recorded_by_database


class ProofKind(models.TextChoices):
    PAPER = "paper", _("File of the case")
    FREEZE = "freeze", _("Freeze")
    TRANSFER = "transfer", _("Transfer")
    EXPORT = "export", _("Case file that was made")
    NOTE = "note", _("Note")


def named_alone(kind: str) -> Q:
    """A proof of this kind names a row of this kind and of no other."""
    rows = ("paper", "freeze", "transfer", "export")
    return Q(kind=kind, **{f"{row}__isnull": row != kind for row in rows})


class ObligationProof(models.Model):
    """One proof of a duty: a file, freeze, transfer or export of the same case, or words. Written once."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="proofs")
    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="proofs")
    kind = models.CharField(_("kind"), max_length=8, choices=ProofKind.choices)
    paper = models.ForeignKey(OrderPaper, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    freeze = models.ForeignKey(FreezeOrder, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    transfer = models.ForeignKey(Transfer, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    export = models.ForeignKey(Export, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(_("note"), max_length=5000, blank=True)
    given_at = models.DateTimeField(_("given"))
    # None: the worker saw it, as where a transfer became final on its chain.
    given_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    ORDER_PATH = "obligation__order"
    objects = KnownQuerySet["ObligationProof"].as_manager()

    class Meta:
        verbose_name = _("proof")
        constraints = [
            known("kind", ProofKind.values, "proof_kind_known"),
            models.CheckConstraint(
                condition=named_alone("paper")
                | named_alone("freeze")
                | named_alone("transfer")
                | named_alone("export")
                | (named_alone("note") & ~Q(note="")),
                name="proof_names_one_thing",
            ),
        ]
        triggers = [
            *append_only("proof"),
            recorded_by_database(),
            FirmTrigger(
                name="proof_after_verification",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="IF NOT EXISTS (SELECT FROM cases_obligation b JOIN cases_legalorder o ON o.id = b.order_id "
                "WHERE b.id = NEW.obligation_id AND (o.verified_at IS NOT NULL OR (b.kind = 'produce' AND EXISTS "
                "(SELECT FROM cases_emergencyrelease r WHERE r.obligation_id = b.id)))) THEN RAISE EXCEPTION "
                "'the order is not verified' USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
            FirmTrigger(
                name="proof_in_its_case",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="IF NOT EXISTS (SELECT FROM cases_obligation b WHERE b.id = NEW.obligation_id "
                "AND b.case_id = NEW.case_id) OR (NEW.paper_id IS NOT NULL AND NOT EXISTS (SELECT FROM "
                "cases_orderpaper p WHERE p.id = NEW.paper_id AND p.case_id = NEW.case_id)) OR (NEW.freeze_id "
                "IS NOT NULL AND NOT EXISTS (SELECT FROM cases_freezeorder f WHERE f.id = NEW.freeze_id "
                "AND f.obligation_id = NEW.obligation_id)) OR (NEW.transfer_id IS NOT NULL AND NOT EXISTS (SELECT FROM "
                "cases_transfer t WHERE t.id = NEW.transfer_id AND t.obligation_id = NEW.obligation_id)) "
                "OR (NEW.export_id IS NOT NULL AND NOT EXISTS (SELECT "
                "FROM cases_export e WHERE e.id = NEW.export_id AND e.case_id = NEW.case_id)) THEN "
                "RAISE EXCEPTION 'the proof stands in another case' USING ERRCODE = 'check_violation'; END IF; "
                "RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for duty {self.obligation_id}"
