"""Shapes of what is typed about freezes."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.text import Truncator
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cases.actions.freezes import AmountAsked
from cases.forms.base import NOT_CHOSEN, UtcMomentField
from cases.forms.papers import of_model, text_area
from cases.models import CaseWallet, ExchangeAccount, FreezeOrder, FreezeScope, Obligation
from cases.queries.freezes import AssetRow, Target
from wallets.amounts import AmountError, to_base_units
from wallets.chains import CHAINS

POLICY: Final = "policy"


class TargetForm(forms.Form):
    """Which wallet or account the freeze is about; its assets decide what the next form asks."""

    target = forms.ChoiceField(label=_("Target"))

    def __init__(
        self, *args: Any, wallets: list[CaseWallet], accounts: list[ExchangeAccount], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        target = self.fields["target"]
        assert isinstance(target, forms.ChoiceField)  # noqa: S101 - declared so above
        groups: list[Any] = [NOT_CHOSEN]
        if wallets:
            groups.append((_now("Wallets"), [(f"wallet-{w.number}", _wallet_name(w)) for w in wallets]))
        if accounts:
            groups.append(
                (
                    _now("Accounts"),
                    [
                        (f"account-{a.number}", f"{a.number} · {a.account_number} · {a.holder}")
                        for a in accounts
                    ],
                )
            )
        target.choices = groups


def _wallet_name(wallet: CaseWallet) -> str:
    info = CHAINS.get(wallet.wallet.chain)
    parts = [str(wallet.number), wallet.label, wallet.wallet.address, str(info.name if info else "")]
    return " · ".join(part for part in parts if part)


class AssetForm(forms.Form):
    """One asset of the target: whether it is held, and how much of it. Nothing typed: whatever is there."""

    include = forms.BooleanField(label=_("Hold"), required=False)
    amount = forms.CharField(
        label=_("Amount"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(
        self, data: "MultiValueDict[str, str] | None" = None, *, asset: AssetRow, initial: dict[str, Any]
    ) -> None:
        super().__init__(data, prefix=f"asset-{asset.symbol}", initial=initial)
        self.asset = asset
        self.fields["include"].label = _now("Hold %(asset)s") % {"asset": asset.symbol}
        self.fields["amount"].label = _now("Amount of %(asset)s") % {"asset": asset.symbol}

    def clean_amount(self) -> int | None:
        text = self.cleaned_data["amount"]
        if not text:
            return None
        try:
            amount = to_base_units(text, self.asset.decimals)
        except AmountError as error:
            raise ValidationError(str(error.message), code=error.reason_code) from error
        if amount == 0:
            raise ValidationError(_("An amount to hold is more than zero."), code="zero")
        return amount

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("amount") is not None and not data.get("include"):
            self.add_error("include", _("An amount is given: tick the asset, or empty the amount."))
        return data


class FreezeForm(forms.Form):
    """The proposal but for its amounts."""

    basis = forms.ChoiceField(
        label=_("Basis"), help_text=_("A freeze rests on exactly one duty of an order, or on a policy hold.")
    )
    policy_hold = forms.CharField(
        label=_("Reason of the policy hold"),
        required=False,
        max_length=2000,
        widget=text_area(2),
        help_text=_("Only for a policy hold: who asked, and why it is held before an order is here."),
    )
    formal_order_by = UtcMomentField(
        label=_("Formal order by"),
        required=False,
        help_text=_("Only for a policy hold, in UTC: when it is given up unless the order has come."),
    )
    ends_at = UtcMomentField(
        label=_("Ends"),
        required=False,
        help_text=_(
            "In UTC, the term of the basis. Left empty: open-ended; a policy hold ends with its date above."
        ),
    )
    corrects = forms.ChoiceField(
        label=_("Corrects"),
        required=False,
        help_text=_("The freeze that hit the wrong target, where this one holds the right one."),
    )
    scope = of_model(FreezeOrder, "scope")
    reason = of_model(FreezeOrder, "reason", widget=text_area(4))
    approvals_required = forms.TypedChoiceField(
        label=_("Approvals asked for"),
        coerce=int,
        initial=1,
        widget=forms.RadioSelect,
        choices=[(1, _("One")), (2, _("Two"))],
    )

    resembles_accepted = forms.BooleanField(
        label=_("It looks like another that the order names and is not the same: I compared every character"),
        required=False,
    )

    def __init__(
        self, *args: Any, target: Target, duties: list[Obligation], wrong: list[FreezeOrder], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        basis, scope, corrects = self.fields["basis"], self.fields["scope"], self.fields["corrects"]
        assert isinstance(corrects, forms.ChoiceField)  # noqa: S101 - declared so above
        corrects.choices = [
            ("", _now("none")),
            *((str(each.number), _now("Freeze %(number)s") % {"number": each.number}) for each in wrong),
        ]
        if not wrong:
            del self.fields["corrects"]
        assert isinstance(basis, forms.ChoiceField)  # noqa: S101 - declared so above
        assert isinstance(scope, forms.ChoiceField)  # noqa: S101 - declared so above
        basis.choices = [
            NOT_CHOSEN,
            *((str(duty.number), _duty_name(duty)) for duty in duties),
            (POLICY, _("Policy hold: no order yet")),
        ]
        if target.wallet is not None:
            scope.choices = [(FreezeScope.ADDRESS.value, FreezeScope.ADDRESS.label)]
            scope.initial = FreezeScope.ADDRESS.value
        else:
            scope.choices = [
                NOT_CHOSEN,
                *((value, word) for value, word in FreezeScope.choices if value != FreezeScope.ADDRESS),
            ]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        on_policy = data.get("basis") == POLICY
        if on_policy and not data.get("policy_hold") and "policy_hold" not in self.errors:
            self.add_error("policy_hold", _("Give the reason of the policy hold."))
        if not on_policy and data.get("basis") and data.get("policy_hold"):
            self.add_error("policy_hold", _("The freeze rests on a duty: leave this empty."))
        return data


def _duty_name(duty: Obligation) -> str:
    return _now("Order %(order)s (%(reference)s, %(status)s), duty %(duty)s: %(kind)s – %(text)s") % {
        "order": duty.order.number,
        "reference": duty.order.agency_reference,
        "status": duty.order.get_status_display(),
        "duty": duty.number,
        "kind": duty.get_kind_display(),
        "text": Truncator(duty.text).chars(60),
    }


class FreezeEntry:
    """The proposal's form and one small form for each asset of the target, as one."""

    def __init__(
        self,
        *,
        target: Target,
        duties: list[Obligation],
        wrong: list[FreezeOrder],
        data: "MultiValueDict[str, str] | None" = None,
    ) -> None:
        self.target, self.is_bound = target, data is not None
        self.form = FreezeForm(data, target=target, duties=duties, wrong=wrong)
        self.assets = [
            AssetForm(data, asset=asset, initial={"include": bool(asset.known)}) for asset in target.assets
        ]
        known = {f"{form.prefix}-{name}" for form in self.assets for name in form.fields}
        # A name that no longer fits is an amount that would silently be left out.
        self.strangers = [name for name in data or {} if name.startswith("asset-") and name not in known]

    def is_valid(self) -> bool:
        good = self.form.is_valid()
        for form in self.assets:
            good = form.is_valid() and good
        if self.strangers:
            self.form.add_error(
                None, _("The assets of the target have changed since the page was drawn. Look again.")
            )
            good = False
        return good

    def proposal(self) -> dict[str, Any]:
        """What `propose_freeze` takes."""
        data = self.form.cleaned_data
        on_policy = data["basis"] == POLICY
        wallet, account = self.target.wallet, self.target.account
        return {
            "scope": data["scope"],
            "reason": data["reason"],
            "obligation_number": None if on_policy else int(data["basis"]),
            "policy_hold": data["policy_hold"],
            "formal_order_by": data["formal_order_by"],
            "approvals_required": data["approvals_required"],
            "ends_at": data["ends_at"],
            "corrects_number": int(data["corrects"]) if data.get("corrects") else None,
            "resembles_accepted": data["resembles_accepted"],
            "wallet_number": None if wallet is None else wallet.number,
            "account_number": None if account is None else account.number,
            "amounts": [
                AmountAsked(form.asset.symbol, form.cleaned_data["amount"])
                for form in self.assets
                if form.cleaned_data["include"]
            ],
        }


# ── Afterwards ────────────────────────────────────────────────────────────────────────────────────────────


class CommentForm(forms.Form):
    comment = forms.CharField(label=_("Comment"), required=False, max_length=2000, widget=text_area(3))


class RejectForm(forms.Form):
    comment = forms.CharField(label=_("Reason"), max_length=2000, widget=text_area(3))


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=5000, widget=text_area(3))


class PlainForm(forms.Form):
    """A yes without words."""


class AppliedForm(forms.Form):
    applied_at = UtcMomentField(
        label=_("When the hold was set"), required=False, help_text=_("In UTC. Left empty: now.")
    )


class ConfirmForm(forms.Form):
    confirmation = of_model(
        FreezeOrder,
        "confirmation",
        required=True,
        help_text=_("Ticket, screenshot, line of a log: what shows that the hold stands."),
    )


class DecideReleaseForm(forms.Form):
    decision = forms.ChoiceField(
        label=_("Decision"),
        widget=forms.RadioSelect,
        choices=[
            ("release", _("Release: the assets can be moved again")),
            ("keep", _("Keep the hold")),
        ],
    )
    comment = forms.CharField(
        label=_("Comment"),
        required=False,
        max_length=2000,
        widget=text_area(3),
        help_text=_("Needed where the hold is kept."),
    )
    others_known = forms.BooleanField(
        label=_("I know that the target stays held where other freezes hold it"), required=False
    )
