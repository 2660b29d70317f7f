r"""Finds a value in a text in whatever way it is spelt there: as it is, or escaped, quoted or encoded.

A text is *folded*: escapes of JSON (``\u0061``), URLs (``%61``), HTML (``&#97;``) and shells (``\x61``) become the
character that they stand for, however often they were escaped again; quotes and backslashes, which differ from one
way of quoting to the next, are left out. The folded value is then looked for in the folded text. Base64 is looked for
at each of its three alignments, since it may be that of a longer text.
"""

import base64
import html
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator

Span = tuple[int, int]
"""Where a part of a text begins, and where it has ended."""

# A run of backslashes is bounded, so that no text makes the search slow.
_ESCAPE = re.compile(
    r"""
      (?:\\{1,8}|%(?:25)*)u(?P<pair>d[89ab][0-9a-f]{2}(?:\\{1,8}|%(?:25)*)ud[c-f][0-9a-f]{2})
    | \\{1,8}(?-i:U)00(?P<point>[0-9a-f]{6})
    | \\{1,8}u\{0{0,9}(?P<braced>[0-9a-f]{1,6})\}
    | (?:\\{1,8}|%(?:25)*)u(?P<unit>[0-9a-f]{4})
    | \\{1,8}(?P<octal>[0-3][0-7]{2})
    | (?:\\{1,8}x|%(?:25)*)(?P<byte>[0-9a-f]{2})
    | &(?:amp;)*(?P<number>\#0{0,9}[0-9]{1,7}|\#x0{0,9}[0-9a-f]{1,6});?
    | &(?:amp;)*(?P<entity>[a-z][a-z0-9]{1,31});
    | (?P<other>[^\x20\x21\x23-\x26\x28-\x2a\x2c-\x5b\x5d-\x5f\x61-\x7e])
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
# A URL's + is a space. A line break may be written as \n, whose backslash is left out.
_FOLDED: dict[int, str | None] = {
    **dict.fromkeys((*range(0x20), 0x7F, *map(ord, "\"'\\`"))),
    **{ord(control): letter for control, letter in zip("\b\t\n\f\r", "btnfr", strict=True)},
    ord("+"): " ",
}


class Folded:
    """A text without its escapes, and where in the text each byte of that stood."""

    def __init__(self, text: str) -> None:
        pieces: list[bytes] = []
        self._begins: list[int] = []
        self._spans: list[tuple[int, int, bool]] = []
        length = at = 0
        for match in _ESCAPE.finditer(text):
            for begin, end, as_is in ((at, match.start(), True), (match.start(), match.end(), False)):
                piece = text[begin:end].encode() if as_is else _resolved(match)
                if piece:
                    self._begins.append(length)
                    self._spans.append((begin, end, as_is))
                    pieces.append(piece)
                    length += len(piece)
            at = match.end()
        self._begins.append(length)
        self._spans.append((at, len(text), True))
        pieces.append(text[at:].encode())
        self.content = b"".join(pieces)

    def places(self, wanted: bytes) -> Iterator[Span]:
        """Yield where in the text this folded value stands."""
        begin = self.content.find(wanted)
        while begin >= 0:
            end = begin + len(wanted)
            yield self._span(begin)[0], self._span(end - 1)[1]
            begin = self.content.find(wanted, end)

    def _span(self, place: int) -> Span:
        piece = bisect_right(self._begins, place) - 1
        begin, end, as_is = self._spans[piece]
        if not as_is:
            return begin, end
        at = begin + place - self._begins[piece]
        return at, at + 1


class Wanted:
    """A value to be looked for.

    Args:
        value: The value.
        shortest: How many bytes a folded spelling must have to be looked for.
    """

    def __init__(self, value: str, shortest: int) -> None:
        self._value = value
        # What looks like an escape in the value itself is none once its backslash has been encoded.
        spellings = {Folded(value).content, _folded(value), *(Folded(each).content for each in _encoded(value))}
        self._spellings = [each for each in spellings if len(each) >= shortest]

    def places(self, text: str, folded: Folded) -> Iterator[Span]:
        """Yield where the value stands in a text, in any spelling."""
        begin = text.find(self._value)
        while begin >= 0:
            yield begin, begin + len(self._value)
            begin = text.find(self._value, begin + 1)
        for spelling in self._spellings:
            yield from folded.places(spelling)


def _resolved(match: re.Match[str]) -> bytes:
    """Return what an escape stands for, folded."""
    kind = match.lastgroup or ""
    found = match[kind]
    if kind in {"byte", "octal"}:
        number = int(found, 16 if kind == "byte" else 8)
        return _folded(chr(number)) if number < 0x80 else bytes([number])
    if kind == "pair":
        units = bytes.fromhex(found[:4] + found[-4:])
        return _folded(units.decode("utf-16-be"))
    if kind in {"unit", "point", "braced"}:
        number = int(found, 16)
        return _folded(chr(number) if number <= sys.maxunicode else found)
    if kind in {"number", "entity"}:
        return _folded(html.unescape(f"&{found};"))
    return _folded(found)


def _folded(text: str) -> bytes:
    return text.translate(_FOLDED).encode("utf-8", "surrogatepass")


def _encoded(value: str) -> Iterator[str]:
    """Yield a value in hexadecimal digits, and what of its Base64 does not depend on its neighbours.

    The latter at each alignment, in both alphabets.
    """
    content = value.encode("utf-8", "surrogatepass")
    yield from (content.hex(), content.hex().upper())
    for shift, first in enumerate((0, 2, 3)):
        encoded = base64.b64encode(bytes(shift) + content).decode()
        whole = encoded[first : (shift + len(content)) * 8 // 6]
        yield whole
        yield whole.translate(str.maketrans("+/", "-_"))
