"""What the simulated backend can be told to do, as one typed model.

Everything is strict: a number is no string, a string no number, and a misspelt wish is refused, not ignored.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, Strict, StringConstraints, model_validator

Endpoint = Literal["deploy", "check", "service"]
IdPlace = Literal["service_id", "serviceId", "id", "service.id", "data.id", "data.serviceId"]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
State = Annotated[int, Field(description="the backend's number of a state; unknown ones are allowed")]
StateStep = Annotated[tuple[State, Seconds | None], Strict(strict=False)]
HeaderText = Annotated[str, StringConstraints(pattern=r"^[^\r\n\x00]*$")]

RUNNING_AT_ONCE: tuple[int, float | None] = (3, None)


def check_timeline(steps: list[tuple[int, float | None]]) -> list[tuple[int, float | None]]:
    """Return the steps if exactly the last one is without an end; raise ValueError with advice otherwise."""
    if not steps or steps[-1][1] is not None or any(seconds is None for _, seconds in steps[:-1]):
        raise ValueError(
            "states must be a list of [state, seconds] whose last, and only whose last, has null for seconds"
        )
    return steps


class Fault(BaseModel):
    """One misbehaviour of one endpoint: a prepared answer, a cut connection, or no answer at all."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    endpoint: Endpoint = Field(description="deploy, check (POST /check-pds) or service (all methods of /service/{id})")
    times: Annotated[int, Field(ge=1)] | None = Field(1, description="how many calls it hits; null: every one")
    hostname: str | None = Field(None, description="hits only calls about this hostname; null: all")
    effect: Literal["before", "none"] = Field(
        "none", description="before: the call does its work, in its time, and then fails; none: it fails at once"
    )
    status: Annotated[int, Field(ge=200, le=599)] | None = Field(None, description="answer with this status")
    body: JsonValue = Field(None, description="the answer's body; a string of HTML where content is html")
    content: Literal["json", "html"] = Field("json", description="how the body is sent")
    headers: dict[HeaderText, HeaderText] = Field(
        default_factory=dict, description="the answer's further headers, as Retry-After"
    )
    cut: bool = Field(default=False, description="close the connection without an answer")
    hang: bool = Field(default=False, description="keep the connection open and never answer")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.status is not None) + self.cut + self.hang != 1:
            raise ValueError("a fault has exactly one of status, cut and hang")
        if self.status is None and (self.body is not None or self.headers or self.content != "json"):
            raise ValueError("body, content and headers belong to a fault with a status")
        if self.content == "html" and not isinstance(self.body, str):
            raise ValueError("a fault with html content needs a string as its body")
        return self

    def fits(self, hostname: str | None) -> bool:
        """Say whether the fault hits calls about this hostname (lower-case; None: about no PDS that exists)."""
        return self.hostname is None or self.hostname.lower() == hostname

    def spent_once(self) -> Self | None:
        """Return what is left after a hit: the fault itself if it lasts for ever, None after its last time."""
        if self.times is None:
            return self
        return self.model_copy(update={"times": self.times - 1}) if self.times > 1 else None


class Behaviour(BaseModel):
    """How the simulated backend behaves; the defaults are a healthy backend that deploys and runs at once."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    token: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="the bearer token accepted from now on; null: the one it was started with"
    )
    deploy_seconds: Seconds = Field(0.0, description="from a deploy's arrival to its effect")
    answer_seconds: Seconds = Field(0.0, description="from a deploy's effect to its answer")
    check_seconds: Seconds = Field(0.0, description="how long a check-pds takes")
    service_seconds: Seconds = Field(0.0, description="how long a call of /service/{id} takes")
    deploy_status: Literal[200, 201, 202] = Field(200, description="the status of a successful deploy")
    id_place: IdPlace | Literal["none"] = Field(
        "serviceId", description="where a deploy's answer holds the id; none: nowhere"
    )
    id_type: Literal["number", "string"] = Field("number", description="how the id is written")
    id_junk: dict[IdPlace, JsonValue] = Field(
        default_factory=dict, description="useless values in other places of the answer, as null, 'abc', 0, -5 or true"
    )
    double_encoded: bool = Field(
        default=False, description="every JSON answer but a fault's is a JSON string that holds the JSON"
    )
    content_type: Annotated[HeaderText, Field(min_length=1)] | None = Field(
        None, description="the Content-Type of every JSON answer but a fault's; null: application/json"
    )
    check_pds: Literal["available", 404, 405, 501] = Field(
        "available", description="whether there is a check-pds, and with which status it is missed otherwise"
    )
    repeated_deploy: Literal["same", "conflict", "second"] = Field(
        "second",
        description="a deploy for a hostname that exists. same: the same PDS for the same Idempotency-Key, 409 for "
        "another key or none, 422 for a known key with another body; conflict: 409; second: a second PDS, another id",
    )
    states: Annotated[list[StateStep], Field(min_length=1)] = Field(
        default_factory=lambda: [RUNNING_AT_ONCE],
        description="the states that PDSes made from now on go through, each with its seconds; the last has null",
    )
    faults: list[Fault] = Field(
        default_factory=list, description="the first that fits a call hits it, and is gone after its last time"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        check_timeline(self.states)
        if self.id_place in self.id_junk:
            raise ValueError("id_junk cannot stand where id_place has the id")
        return self
