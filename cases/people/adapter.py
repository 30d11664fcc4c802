"""How allauth behaves here: nobody signs up, and what changes how a person logs in is recorded."""

from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from cases.audit.record import record_system
from cases.people.models import User

# The notice that allauth would mail for each change → what stands in the record.
CHANGES: Final = {
    "account/email/password_changed": "person.password_changed",
    "account/email/password_set": "person.password_changed",
    "account/email/password_reset": "person.password_reset",
    "mfa/email/totp_activated": "person.totp_added",
    "mfa/email/totp_deactivated": "person.totp_removed",
    "mfa/email/recovery_codes_generated": "person.recovery_codes_made",
    "mfa/email/webauthn_added": "person.passkey_added",
    "mfa/email/webauthn_removed": "person.passkey_removed",
}


class ClosedSignUp(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Every change of a password or a second factor passes here: allauth has no other seam for all of them.

        A kind that is not known yet is recorded too, under the name of its notice.
        """
        with transaction.atomic():
            record_system(
                action=CHANGES.get(template_prefix, "person.log_in_changed"),
                actor=user,
                occurred_at=timezone.now(),
                object_kind="person",
                object_number=user.pk,
                details={
                    "person": {"id": str(user.public_id), "name": user.name},
                    **({} if template_prefix in CHANGES else {"notice": template_prefix}),
                },
            )
        super().send_notification_mail(template_prefix, user, context, email)
