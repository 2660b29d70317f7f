"""Masks the secrets of what the PDS backend answers, wherever and however they are written in it.

Under their names they are masked whatever they are. Anywhere else a secret is masked from 8 characters on: a shorter
one is found in too many words that have nothing to do with it.
"""

import json
import math
from collections.abc import Iterable, Mapping

from pds_portal.service.finding import (
    container_in,
    entries,
    names_mail_url,
    names_password,
    password_in_url,
    places_by_name,
    secrets_in,
)
from pds_portal.service.spelling import Folded, Span, Wanted

MASK = "••••••••"
SHORTEST_ANYWHERE = 8
LONGEST_SECRET = 1000
"""Characters; longer ones can stand in a text so often, overlapping, that to look for them takes minutes."""
MOST_SECRETS = 64


class Masks:
    """What has to be masked in one answer.

    Args:
        answer: The answer, as JSON or as a text: where its secrets are told.

    Raises:
        ValueError: It is nested too deep, or holds more than 64 different secrets or one of more than 1,000 characters;
            it cannot be shown.
    """

    def __init__(self, answer: object) -> None:
        found = {_whole(secret) for secret in secrets_in(answer) if len(secret) >= SHORTEST_ANYWHERE}
        if len(found) > MOST_SECRETS or any(len(each) > LONGEST_SECRET for each in found):
            raise ValueError("more secrets than can be masked")
        self._wanted = [Wanted(each, SHORTEST_ANYWHERE) for each in found]

    def document(self, value: object) -> object:
        """Return a document of JSON with its secrets masked, numbers that JSON cannot write as null."""
        if isinstance(value, Mapping):
            return {self.text(key): self._named(name, inner) for key, name, inner in entries(value)}
        if isinstance(value, list):
            return [self.document(each) for each in value]
        if isinstance(value, str):
            return self._string(value)
        if isinstance(value, float) and not math.isfinite(value):
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return MASK if self.text(str(value)) != str(value) else value
        return value

    def text(self, text: str) -> str:
        """Return a text with its secrets masked."""
        text = _whole(text)
        if len(text.encode()) < SHORTEST_ANYWHERE:  # as most values: no secret is as short, nor a name of one
            return text
        folded = Folded(text)
        known = (place for wanted in self._wanted for place in wanted.places(text, folded))
        return _masked(text, (*known, *places_by_name(text)))

    def _named(self, key: object, value: object) -> object:
        if names_password(key):
            return self._all_masked(value)
        if names_mail_url(key):
            return self._urls_masked(value)
        return self.document(value)

    def _urls_masked(self, value: object) -> object:
        if isinstance(value, str):
            inside = password_in_url(value)
            return self.text(value if inside is None else _masked(value, [inside]))
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._urls_masked(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._urls_masked(each) for each in value]
        return self.document(value)

    def _all_masked(self, value: object) -> object:
        """Mask every value; one that is none (null, true, false, an empty text) is left."""
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._all_masked(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._all_masked(each) for each in value]
        return value if value is None or isinstance(value, bool) or value == "" else MASK

    def _string(self, text: str) -> str:
        """Mask a text; one that holds JSON by what that says, and as it stood where nothing in it is secret."""
        inner = container_in(text)
        masked = self.document(inner)
        return self.text(text) if masked == inner else json.dumps(masked, ensure_ascii=False)


def _whole(text: str) -> str:
    """Replace lone surrogates, which JSON can tell of and no answer can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _masked(text: str, places: Iterable[Span]) -> str:
    """Replace these parts of a text, which may overlap, by the mask."""
    pieces: list[str] = []
    at = 0
    for begin, end in sorted(places):
        if begin >= at:
            pieces += (text[at:begin], MASK)
        at = max(at, end)
    return "".join((*pieces, text[at:]))
