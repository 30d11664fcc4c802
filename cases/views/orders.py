"""Legal orders of a case: taken in with all that came along, shown, decided; their papers."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from cases import access, storage
from cases.access import Grant
from cases.actions import orders as actions
from cases.actions.base import ActionError
from cases.chronology import entries
from cases.forms.orders import MoveOrderForm, OrderEntry, PaperForm
from cases.forms.papers import Kept, PapersField, Upload, signed, unsigned
from cases.forms.verification import VerifyForm
from cases.models import Case, LegalOrder, Obligation, ObligationKind
from cases.models.instruments import NEEDABLE
from cases.permissions import Permission
from cases.queries import authorities, instruments, lookalikes, sealing
from cases.queries import orders as queries
from cases.queries.cover import CoverRow, cover_of
from cases.queries.lookalikes import Alike
from cases.status import ORDER_FINAL, OrderStatus
from cases.views.base import UNPROCESSABLE, answer_form, bound, case_page, person_of, refuse, see_other
from cases.views.files import hand_out
from cases.views.steps import ORDER_ENDS, ORDER_STEPS, steps_of_order

# The newest events on an order's page; all of them stand in the chronology.
SHOWN_ENTRIES = 40


def _url_of(grant: Grant, number: int) -> str:
    return reverse("order-detail", args=[grant.case.reference, number])


# ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────


@require_safe
def order_list(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    page = queries.order_list(grant.case, after=request.GET.get("after"), before=request.GET.get("before"))
    return case_page(request, grant, "orders/list.html", {"page": page})


def _ladder(case: Case, order: LegalOrder, duties: Sequence[Obligation]) -> list[CoverRow]:
    """What the order holds and misses, by asset; nothing is asked where it restrains nothing."""
    if not any(duty.kind in {ObligationKind.FREEZE, ObligationKind.TRANSFER} for duty in duties):
        return []
    return [row for row in cover_of(case, at=timezone.now()).rows if row.order == order.number]


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, ref: str) -> HttpResponse:
    """One form for an order with all that came along.

    Three ways to send it: for more rows or the duties that the instrument permits (nothing is judged), and to record
    it. Files that were chosen stay with the form however often it comes back. Where the order looks like another one
    that this person may know, it comes back once with those pointed out.
    """
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    offered: dict[str, Any] = {
        "members": queries.members_of(grant.case),
        "instruments": instruments.instruments(retired=False),
        "entities": settings.LEGAL_ENTITIES,
    }
    if request.method != "POST":
        return _entry_page(request, grant, OrderEntry(**offered), [])
    kept = _still_kept(request, grant)
    if "more" in request.POST or "offer" in request.POST:
        entry = OrderEntry(**offered).unjudged(
            request.POST, more=request.POST.get("more", ""), offer="offer" in request.POST
        )
        try:
            kept = _with_uploads(kept, PapersField(required=False).clean(request.FILES.getlist("paper")))
        except (ValidationError, ActionError) as error:
            text = error.messages[0] if isinstance(error, ValidationError) else str(error.message)
            return _entry_page(request, grant, entry, kept, not_kept=text)
        return _entry_page(request, grant, entry, kept)
    entry = OrderEntry(**offered, data=request.POST, files=request.FILES)
    good = entry.is_valid()
    alike: list[Alike] = []
    try:
        kept = _with_uploads(kept, entry.uploads)
        if good:
            alike = _alike(grant, entry)
            if request.POST.get("alike_seen", "") == lookalikes.mark_of(alike):
                order = actions.record_order(
                    grant=grant,
                    at=timezone.now(),
                    duties=entry.duties,
                    selectors=entry.selectors,
                    papers=[_paper(row) for row in kept],
                    alike_seen=len(alike),
                    **entry.order(),
                )
                messages.success(
                    request, _now("The order was recorded. Nothing is executed before it is verified.")
                )
                return see_other(_url_of(grant, order.number))
    except ActionError as error:
        refuse(entry.form, error)
    return _entry_page(request, grant, entry, kept, alike=alike, status=UNPROCESSABLE)


def _entry_page(
    request: HttpRequest,
    grant: Grant,
    entry: OrderEntry,
    kept: list[Kept],
    *,
    alike: list[Alike] | None = None,
    not_kept: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "entry": entry,
        "chosen": entry.chosen(),
        "kept": kept,
        "kept_token": signed(kept, by=str(grant.user.public_id)),
        "not_kept": not_kept,
        "alike": alike or [],
        "alike_mark": lookalikes.mark_of(alike or []),
    }
    return case_page(request, grant, "orders/form.html", context, status=status)


def _alike(grant: Grant, entry: OrderEntry) -> list[Alike]:
    data = entry.order()
    return lookalikes.alike(
        grant.user,
        authority=data["issuing_authority"],
        reference=data["agency_reference"],
        selectors=[(row.kind, row.value) for row in entry.selectors],
    )


def _still_kept(request: HttpRequest, grant: Grant) -> list[Kept]:
    """The files that came with an earlier answer, without those that were taken out."""
    kept = unsigned(request.POST.get("kept", ""), by=str(grant.user.public_id))
    out = set(request.POST.getlist("leave_out"))
    return [row for row in kept if row.sha256 not in out]


def _with_uploads(kept: list[Kept], uploads: list[Upload]) -> list[Kept]:
    """The kept files and these, whose bytes go into the store; the same file twice is one."""
    found = {row.sha256: row for row in kept}
    for upload in uploads:
        paper = _stored(upload)
        row = Kept(paper.filename, paper.media_type, paper.stored.sha256, paper.stored.size)
        found.setdefault(row.sha256, row)
    return list(found.values())


def _paper(row: Kept) -> actions.Paper:
    return actions.Paper(row.filename, row.media_type, storage.Stored(row.sha256, row.size))


def _stored(upload: Upload) -> actions.Paper:
    """The upload's bytes in the file store. A store that cannot take them refuses the form, not the server."""
    try:
        stored = storage.store(upload.file.chunks())
    except OSError as error:
        raise ActionError(
            _("The file could not be stored: there may be no room left. Nothing was recorded."), field="paper"
        ) from error
    return actions.Paper(filename=upload.filename, media_type=upload.media_type, stored=stored)


@require_safe
def detail(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    order = queries.order_of(grant.case, number)
    content = queries.order_content(order)
    work, ends, others_decide = steps_of_order(order, grant)
    asked = [row.selector for row in content.selectors]
    context = {
        "order": order,
        "content": content,
        "duties": [
            {
                "duty": duty,
                "moves": queries.duty_moves(duty) if queries.may_be_carried_out(duty, order) else (),
                "proofs": content.proofs.get(duty.pk, []),
                "release": content.releases.get(duty.pk),
                "may_release": queries.may_be_released(duty, order),
            }
            for duty in content.duties
        ],
        "alike": lookalikes.alike_to(grant.user, order, asked),
        "gaps": [NEEDABLE[name] for name in instruments.gaps_of(order, selectors=len(asked))],
        "not_ours": bool(
            settings.LEGAL_ENTITIES
            and order.entity_served
            and order.entity_served not in settings.LEGAL_ENTITIES
        ),
        "work": work,
        "ends": ends,
        "others_decide": others_decide,
        "ended": order.status in ORDER_FINAL,
        "takes_duties": order.status not in ORDER_FINAL and order.status != OrderStatus.COMPLIED,
        "readers": sealing.readers_of(order) if order.sealed else [],
        "ladder": _ladder(grant.case, order, content.duties),
        "now": timezone.now(),
        "entries": entries(grant.case, order=order, limit=SHOWN_ENTRIES),
    }
    return case_page(request, grant, "orders/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDER_VERIFY)
    order = queries.order_of(grant.case, number)
    contacts = authorities.kept_contacts(order)
    form = bound(VerifyForm, request, contacts=contacts)
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/verify.html",
        context={"order": order, "contacts": contacts},
        act=lambda data: actions.verify_order(
            grant=grant, at=timezone.now(), number=number, **form.verification()
        ),
        done=lambda order: _url_of(grant, order.number),
        message=_("The verification was recorded."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """One step of an order. Which leave it needs depends on the step: a decision is counsel's or an approver's."""
    to = request.POST.get("to", "") if request.method == "POST" else request.GET.get("to", "")
    needed = Permission.ORDER_DECIDE if to in actions.DECISIONS else Permission.ORDERS
    grant = access.case_for(person_of(request), ref, needed)
    order = queries.order_of(grant.case, number)
    step = ORDER_STEPS.get(to)
    if step is None and request.method != "POST":
        raise access.NotFound
    kwargs: dict[str, Any] = {} if request.method == "POST" else {"initial": {"to": to}}
    form = bound(MoveOrderForm, request, **kwargs)
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/move.html",
        context={"order": order, "step": step, "ends": to in ORDER_ENDS, "decision": to in actions.DECISIONS},
        act=lambda data: actions.move_order(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda order: _url_of(grant, order.number),
        message=lambda order: _now("The order is now: %(status)s.") % {"status": order.get_status_display()},
    )


# ── Papers ────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
def attach_paper(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    order = queries.order_of(grant.case, number)

    def act(data: dict[str, Any]) -> object:
        paper = _stored(data["paper"])
        return actions.attach_paper(
            grant=grant,
            at=timezone.now(),
            number=number,
            filename=paper.filename,
            media_type=paper.media_type,
            stored=paper.stored,
        )

    return answer_form(
        request,
        grant=grant,
        form=bound(PaperForm, request),
        template="orders/paper_form.html",
        context={"order": order},
        act=act,
        done=lambda paper: _url_of(grant, number),
        message=_("The paper was attached."),
    )


@require_GET
def download_paper(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    paper = queries.paper_of(grant.case, number)
    return hand_out(
        request,
        sha256=paper.sha256,
        filename=paper.filename,
        media_type=paper.media_type,
        note=lambda: actions.note_paper_read(grant=grant, at=timezone.now(), number=number),
        back_url=_url_of(grant, paper.order.number),
    )
