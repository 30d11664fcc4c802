"""Who the token stands for; and, for their administrator, who may enter at all."""

from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as WeakPassword
from django.db.models import CharField
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases import access
from cases.actions import people as actions
from cases.api.base import Endpoint, Paging, names
from cases.api.fields import Body, Choice, Email, Flag, Id, Moment, Person, Shape, Text
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.people.models import Role, User
from cases.permissions import GLOBAL_PERMISSIONS, GlobalPermission
from cases.queries.paging import Key

# By their IDs: names stand in no URL, and a cursor does.
KEYS = (Key("person", str),)


class TokenOut(Shape):
    """The token in use; its secret was shown once, when it was made."""

    id = Id(source="public_id")
    label = Text()  # type: ignore[assignment]
    created_at = Moment()
    expires_at = Moment()


class MeOut(Person):
    """The person, what she may do outside any case, and the token in use."""

    email = Text()
    agency = Text()
    permissions = serializers.ListField(child=Text())
    token = TokenOut()


class AccountHolderOut(Person):
    """Somebody who may enter, or who was let out."""

    email = Text()
    agency = Text()
    is_active = Flag()
    created_at = Moment()


class PersonIn(Body):
    """A new person with a first password, which is handed over in person."""

    email = Email(max_length=254)
    name = Text(max_length=120)
    role = Choice(Role.choices)
    agency = Text(max_length=200, allow_blank=True, default="", help_text=_("For a liaison."))
    password = Text(max_length=1000, trim_whitespace=False)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        try:
            validate_password(attrs["password"], User(email=attrs["email"], name=attrs["name"]))
        except WeakPassword as error:
            raise serializers.ValidationError({"password": error.messages}) from error
        return attrs


class PersonChange(Body):
    """All that can be changed of a person."""

    name = Text(max_length=120)
    role = Choice(Role.choices)
    agency = Text(max_length=200, allow_blank=True)
    is_active = Flag()


class PeopleQuery(Paging):
    """Whom to list."""

    role = Choice(Role.choices, required=False)


class Me(Endpoint):
    @describe(out=MeOut)
    def get(self, request: Request) -> Response:
        """Who you are here."""
        self.query()
        person = self.user
        return self.show(
            MeOut,
            {
                "public_id": person.public_id,
                "name": person.name,
                "role": person.role,
                "email": person.email,
                "agency": person.agency,
                "permissions": names(GLOBAL_PERMISSIONS[person.role]),
                "token": self.token,
            },
        )


class People(Endpoint):
    @describe(out=AccountHolderOut, paged=True, query=PeopleQuery)
    def get(self, request: Request) -> Response:
        """Everybody, for the administrator."""
        access.require_global(self.user, GlobalPermission.PEOPLE)
        rows = User.objects.annotate(person=Cast("public_id", CharField()))
        role = self.query(PeopleQuery).get("role")
        if role:
            rows = rows.filter(role=role)
        return self.walk(AccountHolderOut, rows, keys=KEYS, query=PeopleQuery)

    @describe(out=AccountHolderOut, body=PersonIn, status=201)
    def post(self, request: Request) -> HttpResponse:
        """Add a person."""
        access.require_global(self.user, GlobalPermission.PEOPLE)
        data = self.body(PersonIn)

        def act() -> Answer:
            added = actions.add_person(by=self.user, at=self.at, **data)
            return self.answer(
                AccountHolderOut,
                added,
                status=201,
                location=reverse("api-person", args=[added.public_id]),
            )

        return self.once(act)


class OnePerson(Endpoint):
    @describe(out=AccountHolderOut)
    def get(self, request: Request, person: UUID) -> Response:
        """One person, for the administrator."""
        access.require_global(self.user, GlobalPermission.PEOPLE)
        self.query()
        return self.show(AccountHolderOut, self.found(person))

    @describe(out=AccountHolderOut, body=PersonChange)
    def put(self, request: Request, person: UUID) -> Response:
        """Change name, role or agency, or let a person in or out."""
        access.require_global(self.user, GlobalPermission.PEOPLE)
        row = self.found(person)
        data = self.body(PersonChange)
        return self.show(AccountHolderOut, actions.edit_person(by=self.user, at=self.at, user=row, **data))

    def found(self, public_id: UUID) -> User:
        row = User.objects.filter(public_id=public_id).first()
        if row is None:
            raise access.NotFound
        return row
