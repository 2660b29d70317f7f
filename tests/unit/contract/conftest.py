"""What a DNS name is, checked without the product's own patterns."""

import string

LETTERS_DIGITS = frozenset(string.ascii_lowercase + string.digits)


def is_dns_label(text: str) -> bool:
    """RFC 1035, 2.3.1 and 2.3.4, with the digit at the start that RFC 1123, 2.1 allows, in lower case."""
    return (
        0 < len(text) <= 63
        and text[0] in LETTERS_DIGITS
        and text[-1] in LETTERS_DIGITS
        and all(character in LETTERS_DIGITS or character == "-" for character in text)
    )


def is_dns_name(text: str) -> bool:
    """Two labels or more, 255 octets on the wire: a length octet before each label, and the root's."""
    labels = text.split(".")
    octets = sum(1 + len(label) for label in labels) + 1
    return len(labels) >= 2 and octets <= 255 and all(is_dns_label(label) for label in labels)
