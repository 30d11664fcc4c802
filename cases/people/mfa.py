"""Second factors at rest: what opens an account is sealed under the installation's own key."""

import base64
import binascii

from allauth.mfa.adapter import DefaultMFAAdapter

from cases.audit.record import system_stream
from cases.sealing.envelope import CannotUnseal, seal, unseal

# allauth hands over the text alone, not whose it is: bound to the table and field. That a secret was moved to another
# person's row shows in the record, where each change of a factor is an event.
_BOUND = b"mfa_authenticator:data"


class SealedFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """TOTP secrets and seeds of recovery codes: AES-256-GCM, base64 where allauth keeps text."""

    def encrypt(self, text: str) -> str:
        sealed = seal(system_stream().uuid, text.encode(), bound=_BOUND)
        return base64.b64encode(sealed).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """Raises CannotUnseal: a text that was put there past the product opens nothing."""
        try:
            sealed = base64.b64decode(encrypted_text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CannotUnseal("not a sealed value") from error
        return unseal(system_stream().uuid, sealed, bound=_BOUND).decode()
