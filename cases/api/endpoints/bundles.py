"""The case's part of the record, to be checked offline."""

from base64 import b64encode

from django.http import FileResponse, HttpResponseBase
from rest_framework.request import Request

from cases.actions.bundles import make_bundle
from cases.api.base import Endpoint
from cases.api.schema import describe
from cases.permissions import Permission


class Bundles(Endpoint):
    @describe(file="application/zip")
    def post(self, request: Request, ref: str) -> HttpResponseBase:
        """A verification bundle, made while the call waits. Its event stands in the record before the first byte.

        `docs/verify/holdfast_verify.py` checks it without this system. Events of orders that you may not know are in it
        as hashes alone. 422 where the record cannot be signed or proven now.
        """
        grant = self.door(Permission.EXPORT)
        with make_bundle(grant=grant, at=self.at) as (path, made):
            # Its name is gone when this block ends; what is open is still read to its end.
            response = FileResponse(
                path.open("rb"),
                as_attachment=True,
                filename=f"{ref}-record.zip",
                content_type="application/zip",
            )
        digest = b64encode(bytes.fromhex(made.sha256)).decode()
        response["Repr-Digest"] = f"sha-256=:{digest}:"
        return response
