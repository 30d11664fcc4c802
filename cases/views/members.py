"""Who is in a case."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from cases import access
from cases.access import Grant, NotFound
from cases.actions import cases as actions
from cases.forms.cases import EmptyForm, LeadForm, MemberForm
from cases.models import Membership
from cases.permissions import Permission
from cases.queries import overview as queries
from cases.views.base import answer_form, bound, case_page, person_of


def _list_of(grant: Grant) -> str:
    return reverse("member-list", args=[grant.case.reference])


@require_GET
def member_list(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.READ)
    context = {
        "members": queries.members_of(grant.case),
        "former": queries.former_members_of(grant.case),
    }
    return case_page(request, grant, "members/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def member_add(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.MEMBERS)
    return answer_form(
        request,
        form=bound(MemberForm, request, grant=grant),
        grant=grant,
        template="members/add.html",
        act=lambda data: actions.add_member(grant=grant, at=timezone.now(), **data),
        done=lambda membership: _list_of(grant),
        message=lambda membership: _("%(name)s is in the case now.") % {"name": membership.user.name},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def member_end(request: HttpRequest, ref: str, person: UUID) -> HttpResponse:
    """Ends a membership. Who ends her own does not see the case afterwards."""
    user = person_of(request)
    grant = access.case_for(user, ref, Permission.MEMBERS)
    membership = (
        Membership.objects.filter(case=grant.case, user__public_id=person, ended_at__isnull=True)
        .select_related("user")
        .first()
    )
    if membership is None:
        raise NotFound
    return answer_form(
        request,
        form=bound(EmptyForm, request),
        grant=grant,
        template="members/end.html",
        context={"member": membership},
        act=lambda data: actions.end_membership(grant=grant, at=timezone.now(), user=membership.user),
        done=lambda ended: reverse("case-list") if ended.user_id == user.pk else _list_of(grant),
        message=lambda ended: _("%(name)s is no longer in the case.") % {"name": membership.user.name},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def lead_change(request: HttpRequest, ref: str) -> HttpResponse:
    grant = access.case_for(person_of(request), ref, Permission.MEMBERS)
    return answer_form(
        request,
        form=bound(LeadForm, request, grant=grant),
        grant=grant,
        template="members/lead.html",
        act=lambda data: actions.change_lead(grant=grant, at=timezone.now(), user=data["user"]),
        done=lambda case: _list_of(grant),
        message=lambda case: _("%(name)s leads the case now.") % {"name": case.lead.name},
    )
