"""What a stand-in can be told to do wrong with the calls that it gets."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal, Self

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

HeaderText = Annotated[str, StringConstraints(pattern=r"^[^\r\n\x00]*$")]


class Fault(BaseModel):
    """One misbehaviour: an answer with a status, a late answer, a cut connection, or no answer at all."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    method: str | None = Field(None, description="hits only calls with this method; null: all")
    path: str | None = Field(None, description="hits only calls whose path begins so; null: all")
    after: Annotated[int, Field(ge=0)] = Field(0, description="how many calls are served before it begins")
    times: Annotated[int, Field(ge=1)] | None = Field(1, description="how many calls it hits; null: every one")
    effect: Literal["before", "none"] = Field(
        "none", description="before: the call takes effect, and its answer is lost; none: it has no effect"
    )
    status: Annotated[int, Field(ge=200, le=599)] | None = Field(None, description="answer with this status")
    body: str | None = Field(None, description="the answer's body as it is sent; null: an error of the API's own form")
    content_type: str = Field("application/json", description="the body's")
    headers: dict[HeaderText, HeaderText] = Field(
        default_factory=dict, description="the answer's further headers, as Retry-After or Stripe-Should-Retry"
    )
    seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None, description="serve the call, but only after this long"
    )
    cut: bool = Field(default=False, description="close the connection without an answer")
    hang: bool = Field(default=False, description="keep the connection open and never answer")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.status is not None) + (self.seconds is not None) + self.cut + self.hang != 1:
            raise ValueError("a fault has exactly one of status, seconds, cut and hang")
        if self.status is None and (self.body is not None or self.headers):
            raise ValueError("body and headers belong to a fault with a status")
        if self.seconds is not None and self.effect != "none":
            raise ValueError("a late answer always has its effect: leave effect out")
        return self

    def fits(self, method: str, path: str) -> bool:
        """Say whether the fault is for such a call."""
        return self.method in {None, method} and (self.path is None or path.startswith(self.path))


class Faults:
    """The faults that are switched on, in their order; each is gone after its last time."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._interruption = asyncio.Event()

    def add(self, fault: Fault) -> None:
        """Switch one on, behind those that are on already."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Switch all off."""
        self._faults.clear()

    def interrupt(self) -> None:
        """Cut all requests that a fault keeps waiting."""
        self._interruption.set()
        self._interruption = asyncio.Event()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that hits the call that has just arrived, if one does, and use it up by one time."""
        for place, fault in enumerate(self._faults):
            if not fault.fits(method, path):
                continue
            if fault.after:
                self._faults[place] = fault.model_copy(update={"after": fault.after - 1})
                return None
            if fault.times == 1:
                del self._faults[place]
            elif fault.times is not None:
                self._faults[place] = fault.model_copy(update={"times": fault.times - 1})
            return fault
        return None

    async def hit(
        self, request: web.Request, handler: Handler, error: Callable[[web.Request, int], str]
    ) -> web.StreamResponse:
        """Answer a request by `handler`, unless a fault hits it.

        Args:
            request: the request.
            handler: what serves it.
            error: an error's body in the API's own form, for a request and a status.
        """
        fault = self.take(request.method, request.path)
        if fault is None:
            return await handler(request)
        if fault.seconds is not None and not await self._interrupted(fault.seconds):
            return await handler(request)
        if fault.effect == "before":
            await handler(request)
        if fault.hang:
            await self._interrupted(None)
        if fault.status is None:
            return _cut(request)
        body = error(request, fault.status) if fault.body is None else fault.body
        return web.Response(
            status=fault.status, text=body, content_type=fault.content_type, headers=dict(fault.headers)
        )

    async def _interrupted(self, seconds: float | None) -> bool:
        """Wait that long (for ever for None); whether it was cut short."""
        try:
            async with asyncio.timeout(seconds):
                await self._interruption.wait()
        except TimeoutError:
            return False
        return True


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:  # the client has not gone away itself
        request.transport.close()
    return web.Response()
