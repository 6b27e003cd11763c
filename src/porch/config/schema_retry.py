"""The words of retries, see schema.py."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from porch.config.model import Model, word
from porch.config.units import parse_duration
from porch.config.words import Duration, Form, Silence

__all__ = ["Retry", "RetryModel"]

Status = Annotated[int, Field(ge=400, le=599)]


def _read_hedge(value: object) -> object:
    if isinstance(value, str) and value != "p95":
        if parse_duration(value) <= 0:
            raise ValueError('a second attempt at once would double the load; write "p95"')
        return parse_duration(value)
    return value


Hedge = Annotated[
    Literal["p95"] | float,
    BeforeValidator(_read_hedge, json_schema_input_type=str),
    Form('"p95" or a duration, such as "200ms"'),
]
On = Annotated[list[Status], Form("a list of statuses from 400 to 599, such as [502, 503, 504]")]


class RetryModel(Model):
    """What is tried again, and when. `retry = 2` is `attempts` alone; the page on retries has the
    rules that always hold.
    """

    attempts: int = Field(
        default=2, ge=0, le=10, description="Further endpoints that are tried, each once."
    )
    on: On | None = word("Statuses of an endpoint for which another is asked too.")
    each: Silence | None = word(
        "How long an attempt may take until its answer begins; then another endpoint is asked. If "
        "there is none that may be, it goes on."
    )
    total: Silence | None = word(
        "From the request's arrival: nothing is tried again behind it, and a repetition without an "
        "answer by then is 504."
    )
    backoff: Duration | None = word(
        "The second repetition waits for up to so long, at random, a third for up to twice as "
        "long, 1 s at most. The first goes at once.",
        "25ms",
    )
    hedge: Hedge | None = word(
        "Ask a second endpoint when the first has not begun its answer within this time, or (p95) "
        "later than 95 % of the latest answers did; who is first is heard. Counts as an attempt."
    )

    @model_validator(mode="after")
    def _fits(self) -> "RetryModel":
        said = self.model_fields_set - {"attempts"}
        if not self.attempts and said:
            words = ", ".join(f"'{each}'" for each in sorted(said))
            raise ValueError(f"'attempts' is 0, so that nothing is tried again; remove {words}")
        for name in ("each", "hedge"):
            value = getattr(self, name)
            if self.total is not None and isinstance(value, float) and value >= self.total:
                raise ValueError(f"'{name}' is not shorter than 'total', so that it does nothing")
        return self


def read_retry(value: object) -> Any:
    """A number or `false` as the table."""
    if value is False:
        return {"attempts": 0}
    if isinstance(value, int) and value is not True:
        return {"attempts": value}
    return value


Attempts = Annotated[int, Field(ge=0, le=10)]
Retry = Annotated[
    RetryModel,
    BeforeValidator(read_retry, json_schema_input_type=Attempts | Literal[False] | RetryModel),
    Form("a whole number from 0 to 10, false, or a table"),
]
