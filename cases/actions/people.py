"""People and their tokens; written into the installation's own stream."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from cases.access import require_global
from cases.actions.base import ActionError, change_fields, event_value
from cases.audit.record import record_system, utc_text
from cases.models import Case, TokenPlace, Told
from cases.people.models import ApiToken, Role, User, digest_of_token, new_token_secret
from cases.permissions import GlobalPermission
from cases.queries.handover import holds_work_anywhere
from cases.refusals import network_of, tell_or_count

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
        object_kind="person",
        object_number=user.pk,
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
            object_kind="person",
            object_number=person.pk,
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
        object_kind="person",
        object_number=by.pk,
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
            object_kind="person",
            object_number=by.pk,
            details={"token": str(row.public_id), "label": row.label},
        )
    return row


@transaction.atomic
def note_token_place(*, by: User, at: datetime, token: ApiToken, address: str) -> bool:
    """The first use of a token from this address; True where it was the first. Beyond so many a day they are counted.

    The same token from another place may be a token in other hands: that is what the event is for.
    """
    place = network_of(address)

    def tell() -> None:
        _place, new = TokenPlace.objects.get_or_create(token=token, address=place, defaults={"first_at": at})
        if new:
            record_system(
                action="token.used",
                actor=by,
                occurred_at=at,
                object_kind="person",
                object_number=by.pk,
                details={"token": str(token.public_id), "label": token.label, "address": place},
            )

    return tell_or_count(kind=Told.PLACE, whose=str(token.public_id), at=at, tell=tell)


@transaction.atomic
def tell_token_refused(*, by: None, at: datetime, address: str, token: ApiToken | None, why: str) -> bool:
    """A program showed a token that opens nothing; True where it was told, False where it was counted.

    `token` is the row where there is one. `why`: unknown, revoked, ended, locked_out. Nothing of what was sent is kept.
    """

    def tell() -> None:
        record_system(
            action="token.refused",
            actor=by,
            occurred_at=at,
            object_kind="person" if token is not None else "",
            object_number=token.user_id if token is not None else None,
            details={
                "why": why,
                **(
                    {"token": str(token.public_id), "label": token.label, "person": event_value(token.user)}
                    if token is not None
                    else {}
                ),
            },
        )

    return tell_or_count(kind=Told.TOKEN, whose=network_of(address), at=at, tell=tell)
