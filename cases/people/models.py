"""People: who they are, which role they hold, and the tokens their programs use."""

import hashlib
import hmac
import secrets
import uuid
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    INVESTIGATOR = "investigator", _("Investigator")
    APPROVER = "approver", _("Approver")
    COUNSEL = "counsel", _("Counsel")
    AUDITOR = "auditor", _("Auditor")
    LIAISON = "liaison", _("Law-enforcement liaison")
    ADMINISTRATOR = "administrator", _("Administrator")


class UserManager(BaseUserManager["User"]):
    def create_user(
        self,
        email: str,
        password: str | None = None,
        *,
        name: str,
        role: str,
        agency: str = "",
        is_demo: bool = False,
    ) -> "User":
        """A person with this e-mail (stored in lower case) and role; without a password none can log in with one."""
        user = self.model(
            email=email.strip().lower(), name=name.strip(), role=role, agency=agency, is_demo=is_demo
        )
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person. Never deleted, only deactivated: the record names her for as long as it is kept."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    agency = models.CharField(
        _("agency"), max_length=200, blank=True, help_text=_("For a liaison: the authority she works for.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_demo = models.BooleanField(default=False, editable=False)
    theme = models.CharField(
        _("theme"),
        max_length=6,
        blank=True,
        choices=[("", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))],
    )
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "role"]

    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(
                condition=~models.Q(role=Role.LIAISON) | ~models.Q(agency=""), name="user_liaison_has_agency"
            ),
        ]
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


def digest_of_token(secret: str) -> str:
    """HMAC-SHA256 of a token under the installation's key: a copy of the table opens nothing."""
    return hmac.new(settings.SECRET_KEY.encode(), b"api-token:" + secret.encode(), hashlib.sha256).hexdigest()


class ApiToken(models.Model):
    """A program's key to act as a person. The secret is shown once; only its HMAC is kept."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    label = models.CharField(_("label"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="apitoken_expires_later"
            )
        ]

    def __str__(self) -> str:
        return self.label

    def is_live(self, at: datetime) -> bool:
        return self.revoked_at is None and self.created_at <= at < self.expires_at


def new_token_secret() -> str:
    """256 random bits behind a prefix that secret scanners can find."""
    return "hfst_" + secrets.token_urlsafe(32)
