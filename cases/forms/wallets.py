"""Attaching a wallet to a case, and taking it out."""

from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils.datastructures import MultiValueDict
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from cases.forms.base import SubjectOfCaseField, attribution_fields, choices_of
from cases.models import Case, WalletRole
from cases.queries.addresses import Proposal, proposals_for
from wallets.addresses import LONGEST, AddressError, detect, parse
from wallets.chains import CHAINS, configured


def _label(proposal: Proposal) -> Any:
    return format_lazy("{} ({})", proposal.name, proposal.note) if proposal.note else proposal.name


class WalletForm(forms.Form):
    """An address, the chains it is attached on, and whose it is said to be.

    It is sent twice: first the address, for which the form proposes the chains that it fits; then with the chains that
    were chosen. `proposed_for` names the address that the chains were proposed for: where another one was typed since,
    chains are proposed afresh instead of being taken for it.
    """

    address = forms.CharField(
        label=_("Address"),
        max_length=LONGEST,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
        help_text=_(
            "Copied whole. The chains that it fits are proposed; what you type is kept beside its canonical form."
        ),
    )
    chains = forms.MultipleChoiceField(
        label=_("Chains"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "The address fits these. On each one that is ticked it is attached as a wallet of its own."
        ),
    )
    proposed_for = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    label = forms.CharField(label=_("Label"), max_length=120, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=choices_of(WalletRole.choices))
    subject_number = SubjectOfCaseField()
    attribution_source, attribution_confidence = attribution_fields()

    def __init__(self, *args: Any, case: Case, afresh: bool = False, **kwargs: Any) -> None:
        """`afresh` proposes chains whatever was chosen before, and never takes the form for filled in."""
        super().__init__(*args, **kwargs)
        chains, subject = self.fields["chains"], self.fields["subject_number"]
        assert isinstance(chains, forms.MultipleChoiceField)  # noqa: S101 - declared so above
        assert isinstance(subject, SubjectOfCaseField)  # noqa: S101 - declared so above
        subject.offer(case)
        self.detection = detect(self._sent("address"))
        self.proposals = proposals_for(case, self.detection)
        free = [proposal for proposal in self.proposals if proposal.attached_as is None]
        read = {info.slug for info in configured()}
        # Every chain is a known one, so that the reason why an address does not fit it comes from the address.
        chains.choices = [
            (slug, str(info.name)) for slug, info in CHAINS.items() if slug in read or not info.is_development
        ]
        chains.widget.choices = [(proposal.chain, _label(proposal)) for proposal in free]
        self.offers_chains = bool(free)
        self.proposing = bool(free) and (afresh or self._wants_proposal())
        if self.proposing:
            self.data = MultiValueDict(
                {**dict(self._posted.lists()), "chains": [each.chain for each in free if each.chosen]}
            )

    @property
    def _posted(self) -> MultiValueDict[str, Any]:
        return self.data if isinstance(self.data, MultiValueDict) else MultiValueDict()

    def _sent(self, name: str) -> str:
        return str(self.data.get(name) or "")

    def _wants_proposal(self) -> bool:
        if "proposed_for" in self.data:
            return self._sent("proposed_for").strip() != self._sent("address").strip()
        return not self._posted.getlist("chains")

    @property
    def attached_already(self) -> list[Proposal]:
        return [proposal for proposal in self.proposals if proposal.attached_as is not None]

    @property
    def without_checksum(self) -> bool:
        """Whether a slip of the finger in this address could not be noticed."""
        return any(proposal.address.checksum == "none" for proposal in self.proposals)

    @property
    def tag(self) -> int | None:
        """The destination tag that the address names: one customer of whoever holds the account."""
        return next(
            (proposal.address.tag for proposal in self.proposals if proposal.address.tag is not None), None
        )

    def full_clean(self) -> None:
        """What is not asked for yet is not missed: a proposal shows no mistakes."""
        if self.proposing:
            self._errors, self.cleaned_data = ErrorDict(), {}
            return
        super().full_clean()

    def clean(self) -> dict[str, Any]:
        """The address is tried here too, so that its reason stands beside it together with the other fields'."""
        data = super().clean() or self.cleaned_data
        data.pop("proposed_for", None)
        if "address" not in data or "chains" not in data:
            return data
        try:
            for chain in data["chains"]:
                parse(chain, data["address"])
        except AddressError as error:
            self.add_error("address", str(error.message))
            return data
        if self.detection.error is not None:
            self.add_error("address", str(self.detection.error.message))
        elif not data["chains"] and self.offers_chains:
            self.add_error("chains", _("Choose at least one chain."))
        elif not data["chains"]:
            self.add_error(
                "address", _("This address is attached to the case already on every chain that it fits.")
            )
        return data


class DetachForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
