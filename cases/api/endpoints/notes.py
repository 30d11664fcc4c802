"""Notes of a case: written once."""

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import cases as actions
from cases.api.base import Endpoint, Paging
from cases.api.fields import Body, Moment, Person, Shape, Text, Whole
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Note
from cases.permissions import Permission


class NoteOut(Shape):
    """A note."""

    number = Whole()
    text = Text()
    written_at = Moment()
    written_by = Person()


class NoteIn(Body):
    """What to write down."""

    text = Text(max_length=20_000)


class Notes(Endpoint):
    @describe(out=NoteOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str) -> Response:
        """The notes of the case, the first one first."""
        grant = self.door(Permission.READ)
        return self.walk(NoteOut, Note.objects.filter(case=grant.case).select_related("written_by"))

    @describe(out=NoteOut, body=NoteIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Write a note."""
        grant = self.door(Permission.NOTE)
        data = self.body(NoteIn)

        def act() -> Answer:
            note = actions.write_note(grant=grant, at=self.at, **data)
            return self.answer(
                NoteOut, note, status=201, location=reverse("api-note", args=[ref, note.number])
            )

        return self.once(act)


class OneNote(Endpoint):
    @describe(out=NoteOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One note."""
        grant = self.door(Permission.READ)
        self.query()
        rows = Note.objects.filter(case=grant.case).select_related("written_by")
        return self.show(NoteOut, self.numbered(rows))
