"""Whether a file is the one that is stored here."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions.orders.viewing import note_sealed_view
from cases.api.base import Endpoint
from cases.api.fields import Body, Choice, Moment, Shape, Text
from cases.api.schema import describe
from cases.queries.file_checks import files_with

KINDS = [("exhibit", _("Exhibit")), ("paper", _("Paper")), ("export", _("Case file"))]


class FileCheckIn(Body):
    """A digest, taken of the file where it lies."""

    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$")


class FoundFileOut(Shape):
    """A stored file that has the digest."""

    kind = Choice(KINDS)
    name = Text()
    reference = Text(help_text=_("Of the case, or of the shared matter."))
    stored_at = Moment()


class FileCheckOut(Shape):
    """The files with this digest that you may see; none where there is none, or none that you may see."""

    found = FoundFileOut(many=True)


class FileChecks(Endpoint):
    @describe(out=FileCheckOut, body=FileCheckIn)
    def post(self, request: Request) -> Response:
        """Ask whether a file is stored here, by its SHA-256."""
        found = files_with(self.user, self.body(FileCheckIn)["sha256"], at=self.at)
        for file in found:
            if file.order is not None and file.order.sealed:
                note_sealed_view(
                    by=self.user, at=self.at, order=file.order, what="POST api-file-checks", refresh=True
                )
        return self.show(FileCheckOut, {"found": found})
