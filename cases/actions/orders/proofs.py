"""What shows that a duty was carried out, written once."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from cases.actions.base import ActionError
from cases.actions.orders.rules import Proof
from cases.models import (
    Case,
    Export,
    FreezeOrder,
    Obligation,
    ObligationKind,
    ObligationProof,
    OrderPaper,
    ProofKind,
    Transfer,
)
from cases.people.models import User
from cases.status import FREEZE_STANDING, FreezeStatus, TransferStatus

# In these a freeze shows that its target was held.
_HELD = (FREEZE_STANDING - {str(FreezeStatus.APPLIED)}) | {
    str(FreezeStatus.TRANSFERRED),
    str(FreezeStatus.SETTLED),
}


def keep_proofs(
    case: Case, obligation: Obligation, proofs: Sequence[Proof], *, by: User | None, at: datetime
) -> list[ObligationProof]:
    """Write these proofs of a locked duty. Raises ActionError beside `proofs` for what the case does not hold."""
    return [
        ObligationProof.objects.create(
            case=case,
            obligation=obligation,
            given_at=at,
            given_by=by,
            kind=proof.kind,
            note=proof.note.strip(),
            **_named(case, obligation, proof),
        )
        for proof in proofs
    ]


def _named(case: Case, obligation: Obligation, proof: Proof) -> dict[str, object]:
    """The row that a proof names."""
    number = proof.number or 0
    if proof.kind == ProofKind.PAPER:
        paper = OrderPaper.objects.of(case).filter(number=number).first()
        if paper is not None:
            return {"paper": paper}
    elif proof.kind == ProofKind.FREEZE:
        freeze = FreezeOrder.objects.of(case).filter(obligation=obligation, number=number).first()
        if freeze is not None:
            return {"freeze": freeze}
        raise ActionError(_("No such freeze rests on this duty."), field="proofs")
    elif proof.kind == ProofKind.TRANSFER:
        transfer = Transfer.objects.of(case).filter(obligation=obligation, number=number).first()
        if transfer is not None:
            return {"transfer": transfer}
        raise ActionError(_("No such transfer was made for this duty."), field="proofs")
    elif proof.kind == ProofKind.EXPORT:
        export = Export.objects.of(case).filter(reference=proof.export, status="ready").first()
        if export is not None:
            return {"export": export}
    elif proof.kind == ProofKind.NOTE:
        if proof.note.strip():
            return {}
        raise ActionError(_("Say what shows it: file, letter, reason."), field="reason")
    raise ActionError(_("The case holds nothing like this to show it."), field="proofs")


def freezes_show_it(obligation: Obligation, *, by: User | None, at: datetime) -> None:
    """Take what was held or handed over for a locked duty to freeze or transfer as its proof, each once."""
    rows: list[dict[str, object]] = []
    known = ObligationProof.objects.filter(obligation=obligation)
    if obligation.kind == ObligationKind.FREEZE:
        held = known.filter(freeze__isnull=False).values("freeze_id")
        freezes = FreezeOrder.objects.filter(obligation=obligation, status__in=_HELD).exclude(pk__in=held)
        rows = [{"freeze": row, "note": row.confirmation} for row in freezes.order_by("number")]
    elif obligation.kind == ObligationKind.TRANSFER:
        sent = known.filter(transfer__isnull=False).values("transfer_id")
        transfers = Transfer.objects.filter(obligation=obligation, status=TransferStatus.SETTLED)
        rows = [{"transfer": row} for row in transfers.exclude(pk__in=sent).order_by("number")]
    for row in rows:
        ObligationProof.objects.create(
            case_id=obligation.case_id,
            obligation=obligation,
            kind=ProofKind.FREEZE if "freeze" in row else ProofKind.TRANSFER,
            given_at=at,
            given_by=by,
            **row,
        )


def proof_details(row: ObligationProof) -> dict[str, object]:
    """A proof as an event states it."""
    details: dict[str, object] = {"kind": row.kind, "note": row.note}
    if row.paper is not None:
        details |= {"paper": row.paper.number, "sha256": row.paper.sha256}
    if row.freeze is not None:
        details["freeze"] = row.freeze.number
    if row.transfer is not None:
        details["transfer"] = row.transfer.number
    if row.export is not None:
        details |= {"export": row.export.reference, "sha256": row.export.sha256}
    return details
