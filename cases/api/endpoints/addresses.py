"""What an address is: the chains that it fits, before anything is attached. Nothing of it is kept."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.base import Endpoint
from cases.api.fields import Body, Choice, Flag, Shape, Text, Whole
from cases.api.schema import describe
from cases.permissions import Permission
from cases.queries.addresses import proposals_for
from wallets.addresses import LONGEST, detect
from wallets.chains import CHAINS

CHAIN_CHOICES = [(slug, info.name) for slug, info in CHAINS.items()]
VERDICTS = [
    ("address", _("An address of at least one chain that is kept here")),
    ("unsupported", _("An address of a chain that is not kept here")),
    ("invalid", _("Meant to be an address, and wrong")),
    ("not_an_address", _("Something else, such as a key or a hash")),
]


class DetectIn(Body):
    """A text that may be an address."""

    address = Text(max_length=LONGEST)


class CandidateOut(Shape):
    """One chain that the text fits."""

    chain = Choice(CHAIN_CHOICES)
    name = Text()
    address = Text(source="address.canonical", help_text=_("In its canonical form there."))
    checksum = Choice([("valid", _("Valid")), ("none", _("None"))], source="address.checksum")
    tag = Whole(
        source="address.tag",
        allow_null=True,
        help_text=_(
            "The destination tag that an X-address of the XRP Ledger names; the balance is the whole account's."
        ),
    )
    note = Text(help_text=_("What to expect of its balances there; empty where they are read."))
    attached_as = Whole(allow_null=True, help_text=_("The number of the wallet that is this one already."))
    chosen = Flag(help_text=_("Whether it is attached here where no chain is named."))


class DetectionOut(Shape):
    """What the text is. `candidates` begins with the likeliest chain."""

    verdict = Choice(VERDICTS)
    reason = Text(allow_null=True, help_text=_("Why it is no address of a chain kept here, in one word."))
    message = Text(allow_null=True, help_text=_("The same as a sentence for a person."))
    candidates = CandidateOut(many=True)
    also = serializers.ListField(
        child=Text(), help_text=_("Chains that are not kept here and write the same addresses.")
    )


class DetectAddress(Endpoint):
    @describe(out=DetectionOut, body=DetectIn)
    def post(self, request: Request, ref: str) -> Response:
        """Say which chains an address fits.

        It is posted so that it stands in no URL; nothing of it is kept.
        """
        grant = self.door(Permission.WALLETS)
        found = detect(self.body(DetectIn)["address"])
        return self.show(
            DetectionOut,
            {
                "verdict": found.verdict,
                "reason": found.error and found.error.reason_code,
                "message": found.error and str(found.error.message),
                "candidates": proposals_for(grant.case, found),
                "also": found.also,
            },
        )
