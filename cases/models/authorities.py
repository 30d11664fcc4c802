"""Authorities: who issues, validates and enforces, and how they are reached by what was found apart from any paper."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext_lazy as _

from cases.models.base import both_or_neither, known, never_deleted, stands
from cases.people.models import User
from wallets.models.triggers import recorded_by_database


class ContactKind(models.TextChoices):
    DOMAIN = "domain", _("Domain")
    PHONE = "phone", _("Telephone")
    EMAIL = "email", _("E-mail")
    PORTAL = "portal", _("Official portal")
    REGISTRY = "registry", _("Court registry")


class Authority(models.Model):
    """Known by its name. Made by the first order that names it, or by hand before any came."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200)
    jurisdiction = models.CharField(_("jurisdiction"), max_length=80, blank=True)
    remarks = models.TextField(_("remarks"), max_length=5000, blank=True)
    # Made by hand: listed for everybody who may look at authorities, with or without an order.
    is_kept = models.BooleanField(default=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("authority")
        verbose_name_plural = _("authorities")
        constraints = [
            models.UniqueConstraint(Upper("name"), name="authority_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="authority_named"),
        ]
        triggers = [
            *never_deleted("authority"),
            recorded_by_database(),
            stands(
                "authority_stands",
                "public_id",
                "recorded_at",
                "recorded_by_id",
                why="who recorded an authority is not changed",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AuthorityContact(models.Model):
    """A domain or a way to call back, with where it was found. An end is a state of its own."""

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="contacts")
    number = models.PositiveIntegerField()
    kind = models.CharField(_("kind"), max_length=8, choices=ContactKind.choices)
    value = models.CharField(_("domain, number or address"), max_length=300)
    person = models.CharField(_("whom to ask for"), max_length=200, blank=True)
    source = models.CharField(_("where it was found"), max_length=300)
    added_at = models.DateTimeField(_("added"))
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_reason = models.CharField(_("why it no longer counts"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("contact of an authority")
        constraints = [
            models.UniqueConstraint(fields=["authority", "number"], name="authoritycontact_number_once"),
            models.UniqueConstraint(
                fields=["authority", "kind", "value"],
                condition=Q(ended_at__isnull=True),
                name="authoritycontact_once",
            ),
            known("kind", ContactKind.values, "authoritycontact_kind_known"),
            models.CheckConstraint(condition=~Q(value="") & ~Q(source=""), name="authoritycontact_said"),
            both_or_neither("ended_at", "ended_by", "authoritycontact_ended_pair"),
        ]
        triggers = [
            *never_deleted("authoritycontact"),
            stands(
                "authoritycontact_stands",
                "authority_id",
                "number",
                "kind",
                "value",
                "person",
                "source",
                "added_at",
                "added_by_id",
                why="where a contact was found is not changed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"
