"""Selectors: what an order names, exactly as it names it; beside them what was found for each here."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cases.models.accounts import ExchangeAccount
from cases.models.base import append_only, known
from cases.models.cases import Case
from cases.models.orders import LegalOrder
from cases.models.sealing import KnownQuerySet
from cases.models.wallets import CaseWallet
from cases.people.models import User
from wallets.models.triggers import FirmTrigger, recorded_by_database


class SelectorKind(models.TextChoices):
    ADDRESS = "address", _("Address")
    ACCOUNT = "account", _("Account")
    EMAIL = "email", _("E-mail")
    NAME = "name", _("Name")
    TXID = "txid", _("Transaction")
    OTHER = "other", _("Other")


class FindingOutcome(models.TextChoices):
    FOUND = "found", _("Found")
    NOT_FOUND = "not_found", _("Not found")
    NOT_OURS = "not_ours", _("Not ours")


def comparable(kind: str, value: str) -> str:
    """What of a selector two orders share: without case and spacing where neither means anything.

    Base58 addresses and signatures keep their case, in which they differ; hexadecimal ones have none.
    """
    text = " ".join(value.split())
    if kind in {SelectorKind.ADDRESS, SelectorKind.TXID}:
        text = text.replace(" ", "")
        digits = text[2:] if text[:2] in {"0x", "0X"} else text
        plain_hex = len(digits) >= 40 and all(letter in "0123456789abcdefABCDEF" for letter in digits)
        bech32 = text.lower() == text or text.upper() == text
        return text.lower() if plain_hex or bech32 else text
    return text.casefold()


class Selector(models.Model):
    """One thing that an order names. Written once. Numbered within the case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="selectors")
    order = models.ForeignKey(LegalOrder, on_delete=models.PROTECT, related_name="selectors")
    number = models.PositiveIntegerField()
    kind = models.CharField(_("kind"), max_length=8, choices=SelectorKind.choices)
    value = models.CharField(_("as the paper has it"), max_length=500)
    comparable = models.CharField(max_length=500, editable=False)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("to"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, default="UTC")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    ORDER_PATH = "order"
    objects = KnownQuerySet["Selector"].as_manager()

    class Meta:
        verbose_name = _("selector")
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="selector_number_once"),
            known("kind", SelectorKind.values, "selector_kind_known"),
            models.CheckConstraint(condition=~Q(value="") & ~Q(comparable=""), name="selector_said"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(starts_at__lte=F("ends_at")),
                name="selector_range_forward",
            ),
        ]
        indexes = [models.Index(fields=["kind", "comparable"], name="selector_alike")]
        triggers = [
            *append_only("selector"),
            recorded_by_database(),
            FirmTrigger(
                name="selector_in_its_case",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="IF NOT EXISTS (SELECT FROM cases_legalorder o WHERE o.id = NEW.order_id "
                "AND o.case_id = NEW.case_id) THEN RAISE EXCEPTION 'the order stands in another case' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"


class Finding(models.Model):
    """What one look for a selector brought: a wallet or an account of the case, or nothing. Written once.

    A selector may be found in several places, and be looked for again: every look is a row, none replaces another.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="findings")
    selector = models.ForeignKey(Selector, on_delete=models.PROTECT, related_name="findings")
    outcome = models.CharField(_("outcome"), max_length=9, choices=FindingOutcome.choices)
    wallet = models.ForeignKey(
        CaseWallet, null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    account = models.ForeignKey(
        ExchangeAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    remarks = models.CharField(_("remarks"), max_length=1000, blank=True)
    found_at = models.DateTimeField(_("looked for"))
    found_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("finding")
        constraints = [
            known("outcome", FindingOutcome.values, "finding_outcome_known"),
            models.CheckConstraint(
                condition=Q(outcome="found", wallet__isnull=False, account__isnull=True)
                | Q(outcome="found", wallet__isnull=True, account__isnull=False)
                | Q(outcome__in=["not_found", "not_ours"], wallet__isnull=True, account__isnull=True),
                name="finding_names_what_was_found",
            ),
        ]
        triggers = [
            *append_only("finding"),
            FirmTrigger(
                name="finding_in_its_case",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="IF NOT EXISTS (SELECT FROM cases_selector s WHERE s.id = NEW.selector_id "
                "AND s.case_id = NEW.case_id) OR (NEW.wallet_id IS NOT NULL AND NOT EXISTS (SELECT FROM "
                "cases_casewallet w WHERE w.id = NEW.wallet_id AND w.case_id = NEW.case_id)) OR (NEW.account_id "
                "IS NOT NULL AND NOT EXISTS (SELECT FROM cases_exchangeaccount a WHERE a.id = NEW.account_id "
                "AND a.case_id = NEW.case_id)) THEN RAISE EXCEPTION 'what was found stands in another case' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.selector_id}"
