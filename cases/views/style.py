"""The style page: each component in its states, with invented values. It reads nothing and saves nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cases.templatetags.looks import LOOKS
from wallets.prices import Value, Values

SEEN_FROM = datetime(2026, 3, 16, 10, 30, tzinfo=UTC)
ETHER = {"pk": 1, "symbol": "ETH", "decimals": 18}
DOLLAR = {"pk": 2, "symbol": "USDC", "decimals": 6}
BITCOIN = {"pk": 3, "symbol": "BTC", "decimals": 8}


@dataclass(frozen=True)
class SampleBalance:
    """The shape of `wallets.snapshots.BalanceView`."""

    asset: dict[str, Any]
    state: str
    amount: int | None = None
    block_height: int | None = None
    block_time: datetime | None = None
    provider: str = ""
    looked_at: datetime | None = None
    since: datetime | None = None
    error: str | None = None
    error_code: str = ""


@dataclass(frozen=True)
class SamplePage:
    next_cursor: str | None
    previous_cursor: str | None


class SampleForm(forms.Form):
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=80,
        help_text=gettext_lazy("What the case is about, in one line."),
    )
    reference = forms.CharField(label=gettext_lazy("Agency reference"), required=False)
    instrument = forms.ChoiceField(
        label=gettext_lazy("Instrument"),
        choices=[
            ("", "—"),
            ("seizure", gettext_lazy("Seizure warrant")),
            ("subpoena", gettext_lazy("Subpoena")),
        ],
    )
    served = forms.DateTimeField(
        label=gettext_lazy("Served"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        required=False,
    )
    due = forms.DateField(
        label=gettext_lazy("Due"), widget=forms.DateInput(attrs={"type": "date"}), required=False
    )
    amount = forms.CharField(label=gettext_lazy("Amount cap"), required=False)
    scope = forms.ChoiceField(
        label=gettext_lazy("Scope"),
        widget=forms.RadioSelect,
        choices=[("account", gettext_lazy("The whole account")), ("asset", gettext_lazy("Named assets"))],
    )
    duties = forms.MultipleChoiceField(
        label=gettext_lazy("Obligations"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        choices=[("produce", gettext_lazy("Produce")), ("preserve", gettext_lazy("Preserve"))],
    )
    tags = forms.MultipleChoiceField(
        label=gettext_lazy("Chains"),
        required=False,
        choices=[("bitcoin", "Bitcoin"), ("ethereum", "Ethereum"), ("base", "Base")],
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), widget=forms.Textarea(attrs={"rows": 3}), required=False
    )
    paper = forms.FileField(
        label=gettext_lazy("Paper"), required=False, help_text=gettext_lazy("A PDF. Its SHA-256 is recorded.")
    )
    sealed = forms.BooleanField(
        label=gettext_lazy("The order is sealed"),
        required=False,
        help_text=gettext_lazy("Only members with the seal's own permission read it."),
    )


class SampleFilter(forms.Form):
    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        choices=[
            ("", gettext_lazy("Any")),
            ("open", gettext_lazy("Open")),
            ("closed", gettext_lazy("Closed")),
        ],
    )
    lead = forms.ChoiceField(
        label=gettext_lazy("Lead"),
        required=False,
        choices=[("", gettext_lazy("Anyone")), ("me", gettext_lazy("Me"))],
    )
    tag = forms.CharField(label=gettext_lazy("Tag"), required=False)


def _icon_names() -> list[str]:
    found = finders.find("vendor/lucide/icons.txt")
    return Path(found).read_text(encoding="utf-8").split() if isinstance(found, str) else []


def _balances() -> dict[str, SampleBalance]:
    block = SEEN_FROM - timedelta(minutes=2)
    known: dict[str, Any] = {
        "block_height": 22_041_337,
        "block_time": block,
        "provider": "node-1",
        "looked_at": block,
    }
    older = {**known, "block_time": block - timedelta(hours=4), "looked_at": block - timedelta(hours=4)}
    return {
        "ok": SampleBalance(ETHER, "ok", 1_284_017_553_201_900_000_001, **known),
        "zero": SampleBalance(DOLLAR, "ok", 0, **known),
        "never": SampleBalance(BITCOIN, "never_read"),
        "stale": SampleBalance(
            DOLLAR, "stale", 4_400_000_000_000, since=SEEN_FROM - timedelta(hours=3), **older
        ),
        "failing": SampleBalance(ETHER, "failing", 10**17, since=SEEN_FROM - timedelta(minutes=26), **older),
        "contradicted": SampleBalance(
            ETHER, "failing", 10**17, since=SEEN_FROM - timedelta(minutes=26), error_code="disagrees", **older
        ),
        "dark": SampleBalance(BITCOIN, "failing", since=SEEN_FROM - timedelta(minutes=26)),
    }


def _worth() -> dict[int, Values]:
    """Fresh in both currencies for ether, old and in one alone for the dollar; nothing for anything else."""
    at = SEEN_FROM - timedelta(minutes=2)

    def value(amount: str, currency: str, price: str, age: timedelta) -> Value:
        return Value(Decimal(amount), currency, Decimal(price), "Exchange ledger", at - age, at)

    hour = timedelta(minutes=63)
    return {
        1: (
            value("2311231.595763420001800", "USD", "1800", hour),
            value("11556157.978817100009000", "BRL", "9000", hour),
        ),
        2: (value("4399560", "USD", "0.9999", timedelta(days=3)), None),
    }


def sample_context() -> dict[str, Any]:
    """All that the page shows; fixed values, so that two pictures of it can be compared."""
    return {
        "now": SEEN_FROM,
        "ago": SEEN_FROM - timedelta(minutes=4),
        "yesterday": SEEN_FROM - timedelta(days=1),
        "soon": SEEN_FROM + timedelta(hours=5),
        "in_two_days": SEEN_FROM + timedelta(days=2),
        "in_three_weeks": SEEN_FROM + timedelta(days=21),
        "late": SEEN_FROM - timedelta(days=4, hours=2),
        "ether": ETHER,
        "dollar": DOLLAR,
        "balances": _balances(),
        "worth": _worth(),
        "looks": [(table, list(values)) for table, values in LOOKS.items()],
        "tones": ["neutral", "info", "active", "wait", "good", "warn", "bad", "ended"],
        "swatches": [
            "bg",
            "surface",
            "sunken",
            "line",
            "field",
            "text",
            "text-2",
            "text-3",
            "accent",
            "danger",
            "info",
            "active",
            "wait",
            "good",
            "warn",
            "bad",
        ],
        "icons": _icon_names(),
        "page": SamplePage("bmV4dA", None),
        "filter": SampleFilter({"status": "open"}),
        "address": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "bitcoin_address": "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def style(request: HttpRequest) -> HttpResponse:
    """The page; a POST tries the sample form, as a real page would, and keeps nothing."""
    form = SampleForm(request.POST, request.FILES) if request.method == "POST" else SampleForm()
    if form.is_bound and form.is_valid():
        messages.success(request, _("The form is in order. Nothing was saved: this page only shows."))
        return redirect(request.path)
    mistakes = {"title": "", "scope": "", "instrument": "", "due": "2026-03-31", "amount": "1,5"}
    wrong = SampleForm(mistakes, auto_id="wrong_%s")
    wrong.add_error("amount", _("Write a point before the decimals, and no commas."))
    context = {**sample_context(), "form": form, "wrong": wrong}
    return render(request, "style.html", context, status=422 if form.is_bound else 200)
