"""The dashboard, as one of its parts: the form that buys, the way there, the running PDS, or why there is none to see.

What a customer reads here is true whatever is away: what is not known is said to be so.
"""

import re
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum, auto

from pds_contract.names import HOSTNAME_PATTERN
from pds_portal.pages.view.details import Details, Row, details_of
from pds_portal.pages.view.reading import mapping, text
from pds_portal.pages.view.steps import Step as ShownStep
from pds_portal.pages.view.steps import steps_at
from pds_portal.pages.view.usage import Usage, usage_of
from pds_portal.service.progress import Progress, Step

RETURNED_PAID, RETURNED_CANCELLED = "success", "cancelled"
"""What Stripe's page sends a customer back with, as ``?checkout=``."""

_HOSTNAME = re.compile(HOSTNAME_PATTERN, re.IGNORECASE | re.ASCII)
_LOOK_AGAIN_SECONDS = 5
_LOOK_AGAIN_AWAY_SECONDS = 30
_UNCONFIRMED = "Thank you. We wait for Stripe to confirm your payment."
_CANCELLED = "You left the payment, and nothing was charged. Your choice is still here."
_NO_ROWS = "We cannot look up your account just now. Nothing is lost: this page asks again by itself."


class Sight(Enum):
    """How a look at the backend's document went."""

    NOT_ASKED = auto()
    """There is no id to ask about."""
    SEEN = auto()
    SLOW = auto()
    """No answer came in time."""
    UNUSABLE = auto()
    """No answer, an error, or what is no document of a service."""
    TOO_OFTEN = auto()
    """The customer's pages have asked too often lately."""


@dataclass(frozen=True)
class Gathered:
    """What is known of a customer's PDS.

    Args:
        progress: How far it is.
        sight: How the look at its document went.
        document: That document, masked, where it was seen.
        had_subscription: Whether a payment was ever told of; known only where there is no row of a PDS.
        service_id: The PDS's id, where there is one.
        mock: Whether all this is made up, as PDS_USE_MOCK has it.
    """

    progress: Progress
    sight: Sight = Sight.NOT_ASKED
    document: object = field(default=None, repr=False)
    had_subscription: bool = False
    service_id: int | None = None
    mock: bool = False


class Part(StrEnum):
    """Which part the page shows; each has a template of its name."""

    CHOOSE = "choose"
    COMING = "coming"
    RUNNING = "running"
    STOPPED = "stopped"
    AWAY = "away"


class Follow(StrEnum):
    """What the script asks for again: how far it is, or the whole page."""

    PROGRESS = "progress"
    PAGE = "page"


@dataclass(frozen=True)
class Dashboard:
    """What the template shows; fields that a part does not have are empty."""

    part: Part
    step: str
    title: str
    message: str = ""
    announce: str = ""
    hostname: str | None = None
    follow: Follow | None = None
    look_again_seconds: int | None = None
    mock: bool = False
    notice: str | None = None
    unconfirmed: bool = False
    steps: tuple[ShownStep, ...] = ()
    badge: str = ""
    bad: bool = False
    paragraphs: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    usage: Usage | None = None
    details: Details | None = None


CHOOSING = Dashboard(Part.CHOOSE, Step.NONE, "Set up your PDS")
"""The form that buys."""


@dataclass(frozen=True)
class _Stop:
    """What is said of a PDS that neither runs nor is on its way."""

    title: str
    badge: str
    paragraphs: tuple[str, ...]
    bad: bool = True


_RETRIED = _Stop(
    "Setting up has not worked yet",
    "Trying again",
    ("The pauses between the tries grow, to an hour at most. This page changes by itself once one works.",),
    bad=False,
)
_STOPS = {
    Step.FAILED: _Stop("Setting up did not work", "Needs us", ("This page changes by itself once it runs.",)),
    Step.SUSPENDED: _Stop("Your PDS is suspended", "Suspended", ("While it is suspended, apps cannot reach it.",)),
    Step.ENDED: _Stop("Your PDS has ended", "Ended", ("It no longer answers, and apps cannot reach it.",)),
}
_AWAY = {
    Sight.SLOW: "The system that runs your PDS has not answered yet. We go on asking.",
    Sight.UNUSABLE: "The system that runs your PDS gives no usable answer just now. We go on asking.",
    Sight.TOO_OFTEN: "Your pages have asked very often in the last minute. We go on asking in a moment.",
}


def dashboard_of(gathered: Gathered | None, returned: str | None) -> Dashboard:
    """Decide what the dashboard shows.

    Args:
        gathered: What is known; None where Supabase gave no usable answer.
        returned: The query's ``checkout``: how a customer comes back from Stripe's page.
    """
    if gathered is None:
        return Dashboard(
            Part.AWAY, "unknown", "Dashboard", _NO_ROWS, follow=Follow.PAGE, look_again_seconds=_LOOK_AGAIN_AWAY_SECONDS
        )
    progress = gathered.progress
    if gathered.sight in _AWAY:
        return _away(gathered)
    if progress.step is Step.RUNNING:
        return _running(gathered)
    if progress.step in _STOPS:
        return _stopped(gathered)
    if progress.step is Step.NONE and progress.settled and returned != RETURNED_PAID:
        return _choose(gathered, returned)
    return _coming(progress)


def _away(gathered: Gathered) -> Dashboard:
    hostname = gathered.progress.hostname
    rows = (Row("Hostname", hostname),) if hostname else ()
    return Dashboard(
        Part.AWAY,
        "unseen",
        "Your PDS",
        f"{_AWAY[gathered.sight]} That need not mean that anything is wrong with your PDS itself.",
        hostname=hostname,
        follow=Follow.PAGE,
        look_again_seconds=_LOOK_AGAIN_AWAY_SECONDS,
        rows=(*rows, Row("Id", str(gathered.service_id))),
    )


def _running(gathered: Gathered) -> Dashboard:
    return Dashboard(
        Part.RUNNING,
        Step.RUNNING,
        "Your PDS",
        announce="Your PDS is running.",
        hostname=gathered.progress.hostname or _hostname_in(gathered.document),
        mock=gathered.mock,
        usage=usage_of(gathered.document),
        details=details_of(gathered.document),
    )


def _hostname_in(document: object) -> str | None:
    """Return the document's hostname where it is one: the page links to it, and ``a.example@b.example`` leads to b."""
    told = text(mapping(document).get("hostname"))
    return told if told is not None and _HOSTNAME.fullmatch(told) else None


def _stopped(gathered: Gathered) -> Dashboard:
    progress = gathered.progress
    stop = _STOPS[progress.step] if progress.settled else _RETRIED
    details = details_of(gathered.document)
    return Dashboard(
        Part.STOPPED,
        progress.step,
        stop.title,
        progress.message,
        announce=f"{stop.title}.",
        hostname=progress.hostname,
        follow=None if progress.settled else Follow.PROGRESS,
        look_again_seconds=None if progress.settled else _LOOK_AGAIN_AWAY_SECONDS,
        badge=stop.badge,
        bad=stop.bad,
        paragraphs=stop.paragraphs,
        details=details if details.service else None,
    )


def _choose(gathered: Gathered, returned: str | None) -> Dashboard:
    notice = gathered.progress.message if gathered.had_subscription else None
    if returned == RETURNED_CANCELLED:
        notice = _CANCELLED
    return replace(CHOOSING, notice=notice)


def _coming(progress: Progress) -> Dashboard:
    unconfirmed = progress.step is Step.NONE
    return Dashboard(
        Part.COMING,
        progress.step,
        "Your PDS is on its way",
        _UNCONFIRMED if unconfirmed and progress.settled else progress.message,
        announce="Your PDS is on its way.",
        hostname=progress.hostname,
        follow=Follow.PROGRESS,
        look_again_seconds=_LOOK_AGAIN_SECONDS,
        unconfirmed=unconfirmed,
        steps=steps_at(progress.step),
    )
