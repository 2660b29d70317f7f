"""DNS names: what a username and a hostname may be, and how one is derived where none was asked for.

The rules are the mission's: a username is a DNS label; a hostname is a bare lower-case FQDN, where none was asked for
``<username>.<base domain>``. Lengths are those of RFC 1035 (63 octets a label, 253 characters a name).
"""

import ipaddress
import re
import string
from collections.abc import Iterable
from dataclasses import dataclass, field

from pds_contract.errors import InvalidInput

LABEL_MAX = 63
HOSTNAME_MAX = 253
SUFFIX_HEX_DIGITS = 6

LABEL_PATTERN = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
HOSTNAME_PATTERN = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$"
# Spelt out, since Go, Rust and Python (the API server, pydantic, re) each mean other characters by \s.
EMAIL_PATTERN = r"^[^@\x00-\x20\x7f-\xa0]+@[^@\x00-\x20\x7f-\xa0]+$"
USER_ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

_HOSTNAME = re.compile(HOSTNAME_PATTERN)
_USER_ID = re.compile(USER_ID_PATTERN)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.ASCII)
_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_PORT = re.compile(r":[0-9]*$", re.ASCII)
# What resolvers read as the last part of an IPv4 address: 127.1, 0x7f.1, 127.0x1.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def is_user_id(text: object) -> bool:
    """Tell whether this is a hyphenated lower-case UUID, the form in which Supabase prints user ids."""
    return isinstance(text, str) and _USER_ID.fullmatch(text) is not None


def normalize_label(text: str) -> str:
    """Make a DNS label of any text: lower case, runs of anything else one hyphen, none at either end, at most 63.

    Returns the empty string where nothing is left.
    """
    return re.sub(r"[^a-z0-9]+", "-", _lower(text)).strip("-")[:LABEL_MAX].rstrip("-")


def asked_username(text: str, field_name: str = "pds_username") -> str:
    """Normalize a username that somebody asked for.

    Raises:
        InvalidInput: It is not ASCII, or nothing is left of it.
    """
    if not text.isascii():
        raise InvalidInput(
            field_name, "has letters outside a-z and digits 0-9; ask for a name made of those", "invalid_username"
        )
    label = normalize_label(text)
    if not label:
        raise InvalidInput(field_name, "has no letter or digit in it; ask for a name that has", "invalid_username")
    return label


def derived_username(email: str, user_id: str) -> str:
    """Derive the username of someone who asked for none: the e-mail's local part, else ``u-<eight hex digits>``."""
    return normalize_label(email.partition("@")[0]) or f"u-{_hex_digits(user_id, 8)}"


def with_suffix(label: str, user_id: str) -> str:
    """Make a derived label the user's own by six hex digits of the user's id, cut before the suffix to 63 in all."""
    suffix = _hex_digits(user_id, SUFFIX_HEX_DIGITS)
    return f"{label[: LABEL_MAX - len(suffix) - 1].rstrip('-')}-{suffix}"


def clean_hostname(text: str) -> str:
    """Take scheme, user, path, query, fragment, port, case and trailing dot off what a person typed as a hostname."""
    bare = _SCHEME.sub("", _lower(text.strip()))
    bare = re.split(r"[/?#\\]", bare, maxsplit=1)[0].rpartition("@")[2]
    return _PORT.sub("", bare).removesuffix(".")


def _lower(text: str) -> str:
    # Only ASCII letters are folded: str.lower() would turn some other letters into ASCII ones.
    return text.translate(_ASCII_LOWER)


def _hex_digits(user_id: str, count: int) -> str:
    return user_id.replace("-", "")[:count]


@dataclass(frozen=True)
class HostnameRules:
    """Which hostnames a customer may have.

    Args:
        base_domain: Under it, exactly one label; itself never.
        reserved: Names that nobody gets, as an FQDN or as a label under the base domain.
        backend_host: The PDS backend's own host.
    """

    base_domain: str
    reserved: frozenset[str] = field(default_factory=frozenset)
    backend_host: str = ""

    @classmethod
    def of(cls, base_domain: str, reserved: Iterable[str], backend_host: str) -> "HostnameRules":
        """Make the rules from settings as people write them."""
        base = clean_hostname(base_domain)
        names = (clean_hostname(name) for name in reserved)
        return cls(
            base,
            frozenset(name if "." in name else f"{name}.{base}" for name in names if name),
            clean_hostname(backend_host),
        )

    def derived(self, username: str) -> str:
        """Return ``<username>.<base domain>``."""
        return f"{username}.{self.base_domain}"

    def asked(self, text: str, field_name: str = "pds_hostname_base") -> str:
        """Clean a hostname that somebody asked for, and check it.

        Raises:
            InvalidInput: It is none that a customer may have.
        """
        hostname = clean_hostname(text)
        reason = self.objection(hostname)
        if reason:
            raise InvalidInput(field_name, reason, "invalid_hostname")
        return hostname

    def objection(self, hostname: str) -> str | None:
        """Say why this bare hostname cannot be a customer's, or None where it can."""
        if not hostname.isascii():
            return "has letters outside ASCII; ask for the name in its xn-- form, or another one"
        if _is_ip_address(hostname):
            return "is an IP address; ask for a name"
        if len(hostname) > HOSTNAME_MAX or _HOSTNAME.fullmatch(hostname) is None:
            return "is no DNS name of two labels or more (letters, digits and hyphens, at most 63 a label, 253 in all)"
        if _NUMBER.fullmatch(hostname.rpartition(".")[2]):
            return "ends in a number, as an IP address does; ask for a name"
        if hostname in {self.base_domain, self.backend_host}:
            return "is a name of the service itself; ask for another one"
        if hostname in self.reserved:
            return "is reserved; ask for another one"
        under_base = hostname.removesuffix(f".{self.base_domain}")
        if under_base != hostname and "." in under_base:
            return f"has more than one label under {self.base_domain}; ask for one label"
        return None


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
