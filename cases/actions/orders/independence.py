"""Whether a contact was found apart from the paper. Pure: a forged paper brings its own telephone number along."""

import re
from collections.abc import Collection

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_MAIL = re.compile(r"[\w.+%'-]+@([\w-]+(?:\.[\w-]+)+)", re.ASCII)
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}", re.ASCII)
# So many last digits tell a telephone number, with or without its country code.
_TELLING = 7
_COMPARED = 9


def digits(text: str) -> str:
    """The digits of a telephone number, without the zero or the country code's zeros before it."""
    return "".join(letter for letter in text if letter in "0123456789").lstrip("0")


def same_number(first: str, second: str) -> bool:
    """Whether two texts hold one telephone number, one of them perhaps with its country code."""
    a, b = digits(first), digits(second)
    if min(len(a), len(b)) < _TELLING:
        return False
    short = min(len(a), len(b), _COMPARED)
    return a[-short:] == b[-short:]


def numbers_in(text: str) -> list[str]:
    """What looks like telephone numbers in a text."""
    return [found for found in re.findall(r"\+?[\d ()./-]{7,}", text) if len(digits(found)) >= _TELLING]


def domain_of(mail: str) -> str:
    """The domain of an e-mail address; empty where it is none."""
    found = _MAIL.search(mail.strip().lower())
    return found[1] if found else ""


def within(host: str, domain: str) -> bool:
    """Whether a host is the domain or stands below it."""
    return host == domain or host.endswith(f".{domain}")


def dependence(
    *, contact: str, source: str, paper_email: str, paper_phone: str, known_domains: Collection[str] = ()
) -> str | Promise | None:
    """Why the contact is no independent one, in a sentence; None where nothing speaks against it.

    Refused are the e-mail address and the telephone number of the paper itself, any mailbox in the paper's own domain
    (a mailbox that was taken over answers from there too), and a place in that domain as the source of the contact,
    unless the authority's page knows the domain from elsewhere.
    """
    said, where = contact.lower(), source.lower()
    mail = paper_email.strip().lower()
    if mail and (mail in said or mail in where):
        return _("This is the e-mail address on the paper. Find a contact apart from it.")
    if paper_phone and any(same_number(number, paper_phone) for number in numbers_in(said)):
        return _("This is the telephone number on the paper. Find a contact apart from it.")
    domain = domain_of(mail)
    if not domain:
        return None
    if any(within(found, domain) or within(domain, found) for found in _MAIL.findall(said)):
        return _("This mailbox is in the same domain as the paper's. Call a number found apart from it.")
    known = any(within(domain, kept.lower()) for kept in known_domains)
    if not known and any(within(host, domain) for host in _HOST.findall(where)):
        return _(
            "The contact was found in the paper's own domain, which the authority's page does not know from elsewhere."
        )
    return None
