"""Finds the secrets of a service document: the admin password and the password inside the mail server's URL.

They are known by their names (``adminPassword``, ``emailSmtpUrl``, in any case and with any prefix, such as
``PDS_ADMIN_PASSWORD``), as keys of JSON and inside texts: a shell's flag, a line of YAML, a cell of an HTML table, what
PHP prints of an array.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from pds_portal.service.spelling import Span

DEEPEST = 50
"""Levels of a document; a real one has three."""

_LETTERS = re.compile(r"[^a-z]")
_QUOTE = r"""(?:\\{0,8}["'`]|&quot;|&apos;|&\#0{0,4}3[49];|&\#x0{0,4}2[27];|%2[27])"""
_TAG = r"<[^<>]{0,200}>"
# What stands between a name and its value.
_BETWEEN = rf"""
    (?: {_QUOTE} | {_TAG} | \s | \] | %5d ){{0,9}}
    (?:
        [:=]+(?:>|&gt;)? | > | %3[ad] | \\{{1,8}}u003[ad] | ;s:[0-9]{{1,9}}:
      | [^<>]{{0,99}}?\bvalue{_QUOTE}?\s{{0,9}}(?:[:=]|%3[ad])
    )
  | \s{{0,9}} {_TAG}
  | {_QUOTE} \s{{0,9}} , \s{{0,9}} (?={_QUOTE})
"""
_AFTER = rf"(?: {_TAG} | {_QUOTE}(?={_TAG}) | \s | %20 | string\([0-9]{{1,9}}\)\s ){{0,9}}"
_FLAGS = re.IGNORECASE | re.VERBOSE | re.ASCII
_NAMED_PASSWORD = re.compile(
    rf"(?<!</)(?: admin[\s_-]{{0,3}}password (?:{_BETWEEN}) {_AFTER} | -admin-?password\s+ )", _FLAGS
)
_NAMED_URL = re.compile(rf"(?<!</) smtp[_-]?url (?:{_BETWEEN}) {_AFTER}", _FLAGS)
_MAIL_URL = re.compile(
    r"""
    smtps?(?:\+[a-z]{1,9})? (?::|%3a) (?:\\{0,8}/|%2f|&\#47;|&\#x2f;){2}
    (?>(?:[^\s"'<>:@%]|%(?!3a)){0,320}) (?::|%3a) (?P<password>[^\s"'<>]{1,1000}) (?:@|%40)
    """,
    _FLAGS,
)
_OPENING = re.compile(_QUOTE, _FLAGS)
_END = re.compile(r"""[\s<>]|[,;)\]}](?=[\s"'\\,;)\]}<>]|$)""")
_SCHEME = re.compile(r"\s*[a-z][a-z0-9+.-]{0,40}:(?:\\{0,8}/){2}", _FLAGS)


def names_password(key: object) -> bool:
    """Tell whether a key or a name is that of the admin password."""
    return isinstance(key, str) and _LETTERS.sub("", key.lower()).endswith("adminpassword")


def names_mail_url(key: object) -> bool:
    """Tell whether a key or a name is that of the mail server's URL."""
    return isinstance(key, str) and _LETTERS.sub("", key.lower()).endswith("smtpurl")


def password_in_url(url: str) -> Span | None:
    """Say where the password stands in a mail server's URL: in its userinfo, up to the last @."""
    scheme = _SCHEME.match(url)
    begin, end = scheme.end() if scheme else 0, url.rfind("@")
    colon = url.find(":", begin, max(end, begin))
    return (colon + 1, end) if 0 <= colon < end - 1 else None


def places_by_name(text: str) -> Iterator[Span]:
    """Yield where in a text secrets stand that are told by a name beside them, or by being in a mail server's URL."""
    yield from _values(_NAMED_PASSWORD, text)
    for begin, end in _values(_NAMED_URL, text):
        inside = password_in_url(text[begin:end])
        if inside is not None:
            yield begin + inside[0], begin + inside[1]
    for url in _MAIL_URL.finditer(text):
        yield url.span("password")


def container_in(text: str) -> object:
    """Read a text that holds an object or a list of JSON; None where it holds none."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def entries(document: Mapping[Any, object]) -> Iterator[tuple[str, object, object]]:
    """Yield an object's keys, what each value is named, and the values.

    A value is named by its key, but that of ``{"name": "ADMIN_PASSWORD", "value": …}`` by what stands under ``name``.
    """
    keys = {str(key).lower(): key for key in document}
    told = document.get(keys.get("name", keys.get("key")))
    for key, value in document.items():
        yield str(key), told if str(key).lower() == "value" else key, value


def secrets_in(document: object) -> Iterator[str]:
    """Yield the secrets of a document, wherever a name tells them.

    Raises:
        ValueError: It is nested too deep.
    """
    waiting: list[tuple[object, int]] = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise ValueError("nested too deep")
        if isinstance(value, Mapping):
            for key, name, inner in entries(value):
                if names_password(name):
                    yield from _scalars(inner)
                if names_mail_url(name):
                    yield from (secret for text in _scalars(inner) for secret in _passwords_of(text))
                waiting += ((key, depth), (inner, depth + 1))
        elif isinstance(value, list):
            waiting += ((inner, depth + 1) for inner in value)
        elif isinstance(value, str):
            yield from _secrets_in_text(value)
            waiting.append((container_in(value), depth + 1))


def hidden_in(content: str | bytes) -> list[object]:
    """Return what a document of JSON holds under a key that comes again, which parsing it leaves out.

    Raises:
        ValueError: It is no JSON.
    """
    hidden: list[object] = []

    def keep(pairs: list[tuple[str, object]]) -> dict[str, object]:
        kept: dict[str, object] = {}
        for key, value in pairs:
            if key in kept:
                hidden.append({key: kept[key]})
            kept[key] = value
        return kept

    try:
        document = json.loads(content, object_pairs_hook=keep)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if isinstance(document, str) and container_in(document) is not None:
        hidden += hidden_in(document)
    return hidden


def _secrets_in_text(text: str) -> Iterator[str]:
    """Yield the secrets that a text tells by a name, as they stand there and without the quotes around them."""
    for begin, end in places_by_name(text):
        found = text[begin:end]
        yield from (found, found.strip("\\\"'`"), unquote(found))


def _passwords_of(url: str) -> Iterator[str]:
    inside = password_in_url(url)
    if inside is not None:
        found = url[slice(*inside)]
        yield from (found, unquote(found))


def _scalars(value: object) -> Iterator[str]:
    waiting = [(value, 0)]
    while waiting:
        inner, depth = waiting.pop()
        if depth > DEEPEST:
            raise ValueError("nested too deep")
        if isinstance(inner, Mapping):
            waiting += ((each, depth + 1) for each in inner.values())
        elif isinstance(inner, list):
            waiting += ((each, depth + 1) for each in inner)
        elif isinstance(inner, str | int | float) and not isinstance(inner, bool):
            yield str(inner)


def _values(name: re.Pattern[str], text: str) -> Iterator[Span]:
    """Yield where the values behind a name stand; a name inside a value is no name."""
    found = name.search(text)
    while found:
        begin = found.end()
        end = _end_of_value(text, begin)
        if begin < end:
            yield begin, end
        found = name.search(text, end)


def _end_of_value(text: str, at: int) -> int:
    """Say where a value ends that begins here: after its closing quotes, or before what ends an unquoted one."""
    while at < len(text):
        opening = _OPENING.match(text, at)
        if opening:
            closing = re.compile(rf"(?<!\\){re.escape(opening[0])}").search(text, opening.end())
            at = closing.end() if closing else len(text)
        elif _END.match(text, at):
            return at
        else:
            at += 1
    return at
