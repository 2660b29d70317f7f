"""The pages of the portal in every state that a customer can meet them in, on a portal whose backend obeys the test."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from browser.visitor import Visitor
from pds_stack.backend.bodies import DeployBody
from stages.portal_stage import Customer, PortalStage

PASSWORD = "correct-horse-battery-staple"
AGE = timedelta(days=12)


def give_pds(stage: PortalStage, customer: Customer, state: int, name: str = "alice") -> str:
    """Give a customer a PDS in this state of the backend's, some days old; return its hostname."""
    hostname = f"{name}-{uuid.uuid4().hex[:6]}.{stage.stack['PDS_BASE_DOMAIN']}"
    body = DeployBody(username=name, password=PASSWORD, email=customer.email, hostname=hostname, disksize=20)
    service = stage.simulator.plant(body, states=[(state, None)])
    service.made_at -= AGE.total_seconds()
    service.created_at -= AGE
    stage.has_service(customer, service.id, hostname)
    return hostname


@dataclass(frozen=True)
class Scene:
    """A page in a state.

    Attributes:
        path: its address.
        heading: what its heading begins with, once it is there.
        prepare: what makes the state for a customer; None: nobody is signed in.
    """

    path: str
    heading: str
    prepare: Callable[[PortalStage, Customer], object] | None = None

    async def show(self, visitor: Visitor, stage: PortalStage) -> None:
        """Bring a visitor to it."""
        if self.prepare is not None:
            customer = await stage.customer("alice")
            self.prepare(stage, customer)
            await visitor.sign_in(customer.email, customer.password)
        await visitor.open(self.path)
        await visitor.page.locator("h1", has_text=self.heading).wait_for()


def _nothing(_: PortalStage, __: Customer) -> None:
    pass


def _pds(state: int) -> Callable[[PortalStage, Customer], object]:
    return lambda stage, customer: give_pds(stage, customer, state)


def _failing(stage: PortalStage, customer: Customer) -> None:
    stage.has_service(customer, None, f"alice.{stage.stack['PDS_BASE_DOMAIN']}", "deploy_failed")


def _away(stage: PortalStage, customer: Customer) -> None:
    give_pds(stage, customer, 3)
    stage.simulator.change(faults=[{"endpoint": "service", "times": None, "status": 500, "body": {}}])


SCENES = {
    "pricing": Scene("/pricing", "A Personal Data Server of your own"),
    "signup": Scene("/signup?pds_plan=small", "Sign up"),
    "login": Scene("/login", "Sign in"),
    "confirm": Scene("/auth/confirm?token_hash=abcdefghijklmnopqrstuvwxyz&type=email", "Confirm your address"),
    "confirm-broken": Scene("/auth/confirm", "Confirm your address"),
    "not-found": Scene("/nowhere", "Page not found"),
    "choose": Scene("/dashboard?pds_plan=small&checkout=cancelled", "Set up your PDS", _nothing),
    "unconfirmed": Scene("/dashboard?checkout=success", "Your PDS is on its way", _nothing),
    "coming": Scene("/dashboard", "Your PDS is on its way", _pds(1)),
    "running": Scene("/dashboard", "alice", _pds(3)),
    "failing": Scene("/dashboard", "Setting up has not worked yet", _failing),
    "suspended": Scene("/dashboard", "Your PDS is suspended", _pds(4)),
    "ended": Scene("/dashboard", "Your PDS has ended", _pds(5)),
    "away": Scene("/dashboard", "Your PDS", _away),
}
