"""What the stand-in can be told to do wrong."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

HeaderText = Annotated[str, StringConstraints(pattern=r"^[^\r\n\x00]*$")]


class Fault(BaseModel):
    """One misbehaviour of the API: an answer with a status, a cut connection, or no answer at all."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    after: Annotated[int, Field(ge=0)] = Field(0, description="how many calls are served before it begins")
    times: Annotated[int, Field(ge=1)] | None = Field(1, description="how many calls it hits; null: every one")
    status: Annotated[int, Field(ge=200, le=599)] | None = Field(None, description="answer with this status")
    body: str | None = Field(None, description="the answer's body as it is sent; null: an error object of Stripe's")
    headers: dict[HeaderText, HeaderText] = Field(
        default_factory=dict, description="the answer's further headers, as Retry-After or Stripe-Should-Retry"
    )
    cut: bool = Field(default=False, description="close the connection without an answer")
    hang: bool = Field(default=False, description="keep the connection open and never answer")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.status is not None) + self.cut + self.hang != 1:
            raise ValueError("a fault has exactly one of status, cut and hang")
        if self.status is None and (self.body is not None or self.headers):
            raise ValueError("body and headers belong to a fault with a status")
        return self


class Faults:
    """The faults that are switched on, in their order; each is gone after its last time."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Switch one on, behind those that are on already."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Switch all off."""
        self._faults.clear()

    def next(self) -> Fault | None:
        """Return the fault that hits the call that has just arrived, if one does."""
        if not self._faults:
            return None
        first = self._faults[0]
        if first.after:
            self._faults[0] = first.model_copy(update={"after": first.after - 1})
            return None
        if first.times == 1:
            del self._faults[0]
        elif first.times is not None:
            self._faults[0] = first.model_copy(update={"times": first.times - 1})
        return first
