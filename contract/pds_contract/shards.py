"""Shares of the customers, by a label that each resource has from its creation and that nothing changes later.

The label is the first hexadecimal digit of the user's id. Those ids are random, so each digit has a sixteenth of the
customers, and how many operators there are is no matter of the resources: each operator names the digits that are its.
"""

import re

SHARD_LABEL = "pds.eny.space/shard"

_SELECTOR = re.compile(rf"{re.escape(SHARD_LABEL)} (in|notin) \(([0-9a-f](?:,[0-9a-f])*)\)")


def shard_labels(user_id: str) -> dict[str, str]:
    """Return the label of a user's resource."""
    return {SHARD_LABEL: user_id[0]}


class ShardSelector:
    """A label selector that names digits: ``pds.eny.space/shard in (0,1)``, or ``notin``, or nothing for all.

    Of operators beside each other one has ``notin`` with the digits of all others: it also takes what has no label.

    Raises:
        ValueError: The text is none of those.
    """

    def __init__(self, text: str) -> None:
        match = _SELECTOR.fullmatch(text) if text else None
        if text and match is None:
            raise ValueError(f"must be like '{SHARD_LABEL} in (0,1,2)' or '{SHARD_LABEL} notin (0,1,2)'")
        self._operator, digits = match.groups() if match else ("notin", "")
        # One share has one name, in whatever order its digits are written.
        self._digits = sorted(set(digits.split(",")) - {""})
        self.text = f"{SHARD_LABEL} {self._operator} ({','.join(self._digits)})" if match else ""

    @property
    def takes_unlabelled(self) -> bool:
        """Whether it selects resources without the label too."""
        return self._operator == "notin"

    @property
    def suffix(self) -> str:
        """What tells this share from others in a name; empty where it is all there is."""
        return f"-{self._operator}-{''.join(self._digits)}" if self.text else ""
