"""Legal orders of a case, their duties and their papers."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
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
from cases.forms.orders import (
    AddDutyForm,
    ExtendDutyForm,
    MoveDutyForm,
    MoveOrderForm,
    OrderEntry,
    PaperForm,
    VerifyForm,
)
from cases.forms.papers import Upload
from cases.permissions import Permission
from cases.queries import orders as queries
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


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    members = queries.members_of(grant.case)
    if request.method == "POST" and "more" in request.POST:
        entry = OrderEntry.with_more_rows(members=members, data=request.POST)
        context = {"entry": entry, "let_go": request.FILES.get("paper")}
        return case_page(request, grant, "orders/form.html", context)
    entry = OrderEntry(members=members)
    if request.method == "POST":
        entry = OrderEntry(members=members, data=request.POST, files=request.FILES)
    if entry.is_bound and entry.is_valid():
        try:
            order = actions.record_order(
                grant=grant,
                at=timezone.now(),
                duties=entry.duties,
                paper=_stored(entry.upload),
                **entry.order(),
            )
        except ActionError as error:
            refuse(entry.form, error)
        else:
            messages.success(
                request, _now("The order was recorded. Nothing is executed before it is verified.")
            )
            return see_other(_url_of(grant, order.number))
    status = UNPROCESSABLE if entry.is_bound else 200
    return case_page(request, grant, "orders/form.html", {"entry": entry}, status=status)


def _stored(upload: Upload | None) -> actions.Paper | None:
    """The upload's bytes in the file store. A store that cannot take them refuses the form, not the server."""
    if upload is None:
        return None
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
    context = {
        "order": order,
        "content": content,
        "duties": [(duty, queries.duty_moves(duty)) for duty in content.duties],
        "work": work,
        "ends": ends,
        "others_decide": others_decide,
        "ended": order.status in ORDER_FINAL,
        "takes_duties": order.status not in ORDER_FINAL and order.status != OrderStatus.COMPLIED,
        "now": timezone.now(),
        "entries": entries(grant.case, order=order, limit=SHOWN_ENTRIES),
    }
    return case_page(request, grant, "orders/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDER_VERIFY)
    order = queries.order_of(grant.case, number)
    return answer_form(
        request,
        grant=grant,
        form=bound(VerifyForm, request),
        template="orders/verify.html",
        context={"order": order},
        act=lambda data: actions.verify_order(
            grant=grant,
            at=timezone.now(),
            number=number,
            authentic=data["outcome"] == "authentic",
            method=data["method"],
            contact=data["contact"],
            remarks=data["remarks"],
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


# ── Duties ────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
def add_obligation(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    order = queries.order_of(grant.case, number)
    form = bound(AddDutyForm, request, members=queries.members_of(grant.case), zone=ZoneInfo(order.time_zone))
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/duty_form.html",
        context={"order": order},
        act=lambda data: actions.add_obligation(
            grant=grant, at=timezone.now(), order_number=number, duty=form.as_duty()
        ),
        done=lambda duty: _url_of(grant, number),
        message=_("The duty was recorded."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def move_obligation(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    duty = queries.obligation_of(grant.case, number)
    outcomes = [status.value for status in queries.duty_moves(duty)]
    form = bound(MoveDutyForm, request, outcomes=outcomes)
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/duty_move.html",
        context={"order": duty.order, "duty": duty, "outcomes": outcomes},
        act=lambda data: actions.move_obligation(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda moved: _url_of(grant, duty.order.number),
        message=_("The duty's status was recorded."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def extend_obligation(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    duty = queries.obligation_of(grant.case, number)
    form = bound(ExtendDutyForm, request, zone=ZoneInfo(duty.order.time_zone))
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/duty_extend.html",
        context={"order": duty.order, "duty": duty},
        act=lambda data: actions.extend_obligation(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda extended: _url_of(grant, duty.order.number),
        message=_("The extension was recorded."),
    )


# ── Papers ────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
def attach_paper(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    order = queries.order_of(grant.case, number)

    def act(data: dict[str, Any]) -> object:
        paper = _stored(data["paper"])
        assert paper is not None  # noqa: S101 - the field is required
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
