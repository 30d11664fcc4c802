"""Sealing a legal order, naming who may know it, unsealing it."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from cases import access
from cases.actions import orders as actions
from cases.forms.sealing import ReadersForm, UnsealForm
from cases.permissions import Permission
from cases.queries import orders, sealing
from cases.views.base import answer_form, bound, person_of

FORM = require_http_methods(["GET", "HEAD", "POST"])


@FORM
def seal(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    order = orders.order_of(grant.case, number)
    chosen = {grant.user.public_id} | {
        duty.responsible.public_id
        for duty in order.obligations.select_related("responsible")
        if duty.responsible is not None
    }
    form = bound(
        ReadersForm, request, candidates=sealing.candidates(grant.case), initial={"readers": [*chosen]}
    )
    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/seal.html",
        context={"order": order},
        act=lambda data: actions.seal_order(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda sealed: reverse("order-detail", args=[ref, number]),
        message=_("The order is sealed."),
    )


@FORM
def readers(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Who may know a sealed order, named anew."""
    grant = access.case_for(person_of(request), ref, Permission.ORDERS)
    order = orders.order_of(grant.case, number)
    now = [row.user for row in sealing.readers_of(order)]
    form = bound(
        ReadersForm,
        request,
        candidates=sealing.candidates(grant.case),
        initial={"readers": [user.public_id for user in now]},
    )

    def done(changed: object) -> str:
        # Whoever leaves herself out does not know the order any more.
        still = any(user.pk == grant.user.pk for user in form.cleaned_data["readers"])
        return reverse("order-detail", args=[ref, number]) if still else reverse("order-list", args=[ref])

    return answer_form(
        request,
        grant=grant,
        form=form,
        template="orders/readers.html",
        context={"order": order},
        act=lambda data: actions.change_readers(grant=grant, at=timezone.now(), number=number, **data),
        done=done,
        message=_("Who may know the order was recorded."),
    )


@FORM
def unseal(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.ORDER_DECIDE)
    order = orders.order_of(grant.case, number)
    return answer_form(
        request,
        grant=grant,
        form=bound(UnsealForm, request),
        template="orders/unseal.html",
        context={"order": order},
        act=lambda data: actions.unseal_order(grant=grant, at=timezone.now(), number=number, **data),
        done=lambda order: reverse("order-detail", args=[ref, number]),
        message=_("The order is unsealed: whoever is in the case knows it now."),
    )
