"""People and their tokens; written into the installation's own stream."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from cases.access import require_global
from cases.actions.base import ActionError, change_fields, event_value
from cases.audit.record import record_system, utc_text
from cases.models import Case
from cases.people.models import ApiToken, Role, User, digest_of_token, new_token_secret
from cases.permissions import GlobalPermission
from cases.queries.handover import holds_work_anywhere

LONGEST_TOKEN = timedelta(days=365)


@transaction.atomic
def add_person(
    *,
    by: User | None,
    at: datetime,
    email: str,
    name: str,
    role: str,
    password: str | None,
    agency: str = "",
    is_demo: bool = False,
) -> User:
    """Add a person. `by` is None only from the command line of the installation itself."""
    if by is not None:
        require_global(by, GlobalPermission.PEOPLE)
    if User.objects.filter(email__iexact=email.strip()).exists():
        raise ActionError(_("Somebody has this e-mail already."), field="email")
    if role == Role.LIAISON and not agency.strip():
        raise ActionError(_("Name the agency that the liaison works for."), field="agency")
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email, password, name=name, role=role, agency=agency.strip(), is_demo=is_demo
            )
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise ActionError(messages[0], field=field if field != "__all__" else None) from error
    except IntegrityError as error:
        raise ActionError(_("Somebody has this e-mail already."), field="email") from error
    record_system(
        action="person.added",
        actor=by,
        occurred_at=at,
        details={"person": event_value(user), "email": user.email, "role": role, "agency": user.agency},
    )
    return user


@transaction.atomic
def edit_person(
    *, by: User, at: datetime, user: User, name: str, role: str, agency: str, is_active: bool
) -> User:
    """Change name, role or agency, or let a person in or out. A lead of open cases stays one until they are handed over."""
    require_global(by, GlobalPermission.PEOPLE)
    person = User.objects.select_for_update().get(pk=user.pk)
    if person.pk == by.pk and (not is_active or role != person.role):
        raise ActionError(_("You cannot change your own role or lock yourself out."), field="role")
    if not name.strip():
        raise ActionError(_("Give a name."), field="name")
    if role not in Role.values:
        raise ActionError(_("Choose a role."), field="role")
    if role == Role.LIAISON and not agency.strip():
        raise ActionError(_("Name the agency that the liaison works for."), field="agency")
    loses_cases = not is_active or role not in {Role.INVESTIGATOR, Role.APPROVER, Role.COUNSEL}
    if loses_cases and Case.objects.filter(lead=person).exclude(status="closed").exists():
        raise ActionError(
            _("This person leads cases that are not closed. Have them handed over first."), field="role"
        )
    if loses_cases and holds_work_anywhere(person):
        raise ActionError(
            _("This person has tasks or duties that are open. Have them handed over first."), field="role"
        )
    changed = change_fields(
        person, {"name": name.strip(), "role": role, "agency": agency.strip(), "is_active": is_active}
    )
    if changed:
        record_system(
            action="person.edited",
            actor=by,
            occurred_at=at,
            details={"person": event_value(person), "changes": changed},
        )
    return person


@transaction.atomic
def create_token(*, by: User, at: datetime, label: str, expires_at: datetime) -> tuple[ApiToken, str]:
    """A token for the person's own programs. Returns the row and the secret, which is shown once and never again."""
    if not label.strip():
        raise ActionError(_("Name the token after what uses it."), field="label")
    if not at < expires_at <= at + LONGEST_TOKEN:
        raise ActionError(_("A token ends within a year from now."), field="expires_at")
    secret = new_token_secret()
    token = ApiToken.objects.create(
        user=by, label=label.strip(), digest=digest_of_token(secret), created_at=at, expires_at=expires_at
    )
    record_system(
        action="token.created",
        actor=by,
        occurred_at=at,
        details={"token": str(token.public_id), "label": token.label, "expires_at": utc_text(expires_at)},
    )
    return token, secret


@transaction.atomic
def revoke_token(*, by: User, at: datetime, token: ApiToken) -> ApiToken:
    """End one of the person's own tokens now."""
    row = ApiToken.objects.select_for_update().get(pk=token.pk)
    if row.user_id != by.pk:
        raise ActionError(_("This is not your token."))
    if row.revoked_at is None:
        row.revoked_at = at
        row.save(update_fields=["revoked_at"])
        record_system(
            action="token.revoked",
            actor=by,
            occurred_at=at,
            details={"token": str(row.public_id), "label": row.label},
        )
    return row
