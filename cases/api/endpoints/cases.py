"""Cases: the list, one case, its tags, its status, its lead, a refresh of its balances."""

from django.db.models import Prefetch
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases import access
from cases.access import Grant
from cases.actions import cases as actions
from cases.actions import wallets as wallet_actions
from cases.api.base import Endpoint, Paging, checked_cursor, names, person
from cases.api.fields import Body, Choice, Id, Moment, Nothing, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Case, CaseTag, Classification, Typology
from cases.permissions import GlobalPermission, Permission
from cases.queries.cases import LIST_KEYS, CaseFilter, case_list
from cases.status import CaseStatus


class CaseRowOut(Shape):
    """A case as a list shows it."""

    reference = Text(source="case.reference")
    title = Text(source="case.title")
    typology = Choice(Typology.choices, source="case.typology")
    classification = Choice(Classification.choices, source="case.classification")
    status = Choice(CaseStatus.choices, source="case.status")
    disposition = Text(source="case.disposition")
    lead = Person(source="case.lead")
    tags = serializers.ListField(child=Text())
    wallets = Whole()
    freezes = Whole()
    opened_at = Moment(source="case.opened_at")
    touched_at = Moment(source="case.touched_at")


class CaseOut(Shape):
    """One case, and what the person may do in it."""

    reference = Text()
    title = Text()
    summary = Text()
    typology = Choice(Typology.choices)
    classification = Choice(Classification.choices)
    status = Choice(CaseStatus.choices)
    disposition = Text(help_text=_("Empty until the case is closed."))
    lead = Person()
    tags = serializers.SerializerMethodField()
    fictional_notice = Text()
    opened_at = Moment()
    opened_by = Person()
    closed_at = Moment(allow_null=True)
    closed_by = Person(allow_null=True)
    touched_at = Moment()
    permissions = serializers.SerializerMethodField()

    def get_tags(self, case: Case) -> list[str]:
        return [tag.name for tag in case.tags.all()]

    def get_permissions(self, case: Case) -> list[str]:
        grant: Grant = self.context["grant"]
        return names(grant.permissions)


class CaseIn(Body):
    """What a new case needs."""

    title = Text(max_length=200)
    typology = Choice(Typology.choices)
    classification = Choice(Classification.choices, default=Classification.CONFIDENTIAL)
    summary = Text(max_length=20_000, allow_blank=True, default="")
    tags = serializers.ListField(child=Text(max_length=40), max_length=50, default=list)


class CaseChange(Body):
    """What may be changed; what is left out stays."""

    title = Text(max_length=200, required=False)
    summary = Text(max_length=20_000, allow_blank=True, required=False)
    typology = Choice(Typology.choices, required=False)
    classification = Choice(Classification.choices, required=False)


class CaseListQuery(Paging):
    """What narrows the list."""

    status = Choice(CaseStatus.choices, required=False)
    typology = Choice(Typology.choices, required=False)
    tag = Text(max_length=40, required=False)
    lead = Id(required=False, help_text=_("A person's ID."))


class MoveIn(Body):
    """Where to; to re-open with the reason. A closing is asked for and decided on elsewhere."""

    to = Choice(CaseStatus.choices)
    reason = Text(max_length=2000, allow_blank=True, default="")


class TagsBody(Body):
    """All tags of a case."""

    tags = serializers.ListField(child=Text(max_length=40), max_length=50)


class TagsOut(Shape):
    """All tags of a case, as they are kept: in lower case, each once."""

    tags = serializers.ListField(child=Text())


class LeadIn(Body):
    """Who leads from now on."""

    user = Id(help_text=_("A person's ID; a member who may work in the case."))


class RefreshOut(Shape):
    """How many wallets were set due."""

    wallets_due = Whole()


def whole_case(case: Case) -> Case:
    """The case with all that CaseOut shows, read afresh after an action. Two queries."""
    return (
        Case.objects.select_related("lead", "opened_by", "closed_by")
        .prefetch_related(Prefetch("tags", CaseTag.objects.order_by("name")))
        .get(pk=case.pk)
    )


class Cases(Endpoint):
    @describe(out=CaseRowOut, paged=True, query=CaseListQuery)
    def get(self, request: Request) -> Response:
        """The cases that you may see, the last changed first."""
        asked = self.query(CaseListQuery)
        cursor = checked_cursor(asked, LIST_KEYS)
        lead = asked.get("lead")
        narrowed = CaseFilter(
            status=asked.get("status", ""),
            typology=asked.get("typology", ""),
            tag=asked.get("tag", "").lower(),
            lead=None if lead is None else person(lead, "lead"),
        )
        return self.page(CaseRowOut, case_list(self.user, narrowed, after=cursor, size=asked["limit"]))

    @describe(out=CaseOut, body=CaseIn, status=201)
    def post(self, request: Request) -> HttpResponse:
        """Open a case; you lead it."""
        access.require_global(self.user, GlobalPermission.OPEN_CASE)
        data = self.body(CaseIn)

        def act() -> Answer:
            case = actions.open_case(by=self.user, at=self.at, **data)
            grant = access.case_for(self.user, case.reference, Permission.READ)
            return self.answer(
                CaseOut,
                whole_case(case),
                status=201,
                location=reverse("api-case", args=[case.reference]),
                grant=grant,
            )

        def still_open(answer: Answer) -> None:
            # Who opened the case may have left it since; the stored answer then is not hers to read.
            reference = answer.headers["Location"].rsplit("/", 1)[-1]
            access.case_for(self.user, reference, Permission.READ)

        return self.once(act, still_open=still_open)


class OneCase(Endpoint):
    @describe(out=CaseOut)
    def get(self, request: Request, ref: str) -> Response:
        """One case."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(CaseOut, whole_case(grant.case), grant=grant)

    @describe(out=CaseOut, body=CaseChange)
    def patch(self, request: Request, ref: str) -> Response:
        """Change title, summary, typology or classification."""
        grant = self.door(Permission.EDIT)
        case = actions.edit_case(grant=grant, at=self.at, **self.body(CaseChange, partial=True))
        return self.show(CaseOut, whole_case(case), grant=grant)


class MoveCase(Endpoint):
    @describe(out=CaseOut, body=MoveIn)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Move the case to another status."""
        grant = self.door(Permission.MOVE)
        data = self.body(MoveIn)
        return self.once(
            lambda: self.answer(
                CaseOut,
                whole_case(actions.move_case(grant=grant, at=self.at, **data)),
                grant=grant,
            )
        )


class Tags(Endpoint):
    @describe(out=TagsOut)
    def get(self, request: Request, ref: str) -> Response:
        """The tags of the case."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(TagsOut, {"tags": _tags(grant.case)})

    @describe(out=TagsOut, body=TagsBody)
    def put(self, request: Request, ref: str) -> Response:
        """Replace the tags of the case."""
        grant = self.door(Permission.EDIT)
        actions.set_tags(grant=grant, at=self.at, **self.body(TagsBody))
        return self.show(TagsOut, {"tags": _tags(grant.case)})


def _tags(case: Case) -> list[str]:
    return list(CaseTag.objects.filter(case=case).order_by("name").values_list("name", flat=True))


class Lead(Endpoint):
    @describe(out=CaseOut, body=LeadIn)
    def put(self, request: Request, ref: str) -> Response:
        """Hand the lead to another member."""
        grant = self.door(Permission.MEMBERS)
        user = person(self.body(LeadIn)["user"], "user")
        case = actions.change_lead(grant=grant, at=self.at, user=user)
        return self.show(CaseOut, whole_case(case), grant=grant)


class RefreshCase(Endpoint):
    @describe(out=RefreshOut, status=202)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Have the balances of every attached wallet read now. The worker does it; ask the wallets how far it is."""
        grant = self.door(Permission.WALLETS)
        self.body(Nothing)
        return self.once(
            lambda: self.answer(
                RefreshOut,
                {"wallets_due": wallet_actions.refresh_case(grant=grant, at=self.at)},
                status=202,
            )
        )
