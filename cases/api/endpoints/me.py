"""Who the token stands for."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.base import Endpoint, names
from cases.api.fields import Id, Moment, Person, Shape, Text
from cases.api.schema import describe
from cases.permissions import GLOBAL_PERMISSIONS


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
