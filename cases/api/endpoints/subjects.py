"""Whom a case is about."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import subjects as actions
from cases.api.base import Endpoint, Paging
from cases.api.fields import Body, Choice, Flag, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Case, Confidence, Subject, SubjectKind, SubjectRole
from cases.permissions import Permission


class SubjectOut(Shape):
    """A person or an organisation, with the source of what is said of her."""

    number = Whole()
    kind = Choice(SubjectKind.choices)
    name = Text()
    aliases = serializers.ListField(child=Text())
    role = Choice(SubjectRole.choices)
    list_reference = Text()
    attribution_source = Text()
    attribution_confidence = Choice(Confidence.choices)
    remarks = Text()
    is_fictional = Flag()
    added_at = Moment()
    added_by = Person()


class SubjectIn(Body):
    """A new subject; on PATCH what is left out stays."""

    kind = Choice(SubjectKind.choices)
    name = Text(max_length=300)
    aliases = serializers.ListField(child=Text(max_length=300), max_length=100, default=list)
    role = Choice(SubjectRole.choices)
    list_reference = Text(
        max_length=120, allow_blank=True, default="", help_text=_("List and number, such as OFAC SDN 43377.")
    )
    attribution_source = Text(max_length=500)
    attribution_confidence = Choice(Confidence.choices)
    remarks = Text(max_length=5000, allow_blank=True, default="")


def subjects_of(case: Case) -> QuerySet[Subject]:
    return Subject.objects.filter(case=case).select_related("added_by")


class Subjects(Endpoint):
    @describe(out=SubjectOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The subjects of the case."""
        grant = self.door(Permission.READ)
        return self.walk(SubjectOut, subjects_of(grant.case))

    @describe(out=SubjectOut, body=SubjectIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Add a person or an organisation."""
        grant = self.door(Permission.EDIT)
        data = self.body(SubjectIn)

        def act() -> Answer:
            subject = actions.add_subject(grant=grant, at=self.at, **data)
            return self.answer(
                SubjectOut, subject, status=201, location=reverse("api-subject", args=[ref, subject.number])
            )

        return self.once(act)


class OneSubject(Endpoint):
    @describe(out=SubjectOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One subject."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(SubjectOut, self.numbered(subjects_of(grant.case)))

    @describe(out=SubjectOut, body=SubjectIn)
    def patch(self, request: Request, ref: str, number: int) -> Response:
        """Change what is said of a subject; the record holds old and new."""
        grant = self.door(Permission.EDIT)
        self.numbered(subjects_of(grant.case))
        subject = actions.edit_subject(
            grant=grant, at=self.at, number=number, **self.body(SubjectIn, partial=True)
        )
        return self.show(SubjectOut, subject)
