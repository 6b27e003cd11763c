"""The words about overload: how many requests a pool has at once, and who waits."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from porch.balance.admission import Bounds
from porch.config.model import Model, word
from porch.config.units import spell_duration
from porch.config.words import Duration, Form, Silence

__all__ = ["Overload", "OverloadModel"]

_BOUNDS = Bounds()
_Many = Annotated[int, Field(ge=1, le=1_000_000)]


class OverloadModel(Model):
    """How many requests a pool has at once, of all workers together. Who is over it waits at the
    door, and is answered 503 with Retry-After when too many wait or it takes too long. A number
    alone is `endpoint`.
    """

    endpoint: _Many | None = word("Requests at once of each endpoint. No bound if left out.")
    pool: _Many | None = word("Requests at once of the pool. No bound if left out.")
    adaptive: bool | None = word(
        "Find out how many at once are good: fewer when answers begin to take longer.", False
    )
    queue: Annotated[int, Field(ge=0, le=1_000_000)] | None = word(
        "How many may wait; beyond it 503 at once.", _BOUNDS.queue
    )
    wait: Silence | None = word(
        "How long one may wait; 503 after it.", spell_duration(_BOUNDS.wait)
    )
    retry_after: Duration | None = word(
        "What those are told who are refused, in Retry-After.", spell_duration(_BOUNDS.retry_after)
    )

    def bounds(self) -> Bounds:
        """With the defaults for what is not said."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        return Bounds(**{name: value for name, value in said.items() if value is not None})


def _read(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"endpoint": value}
    return value


Overload = Annotated[
    OverloadModel,
    BeforeValidator(_read, json_schema_input_type=_Many | OverloadModel),
    Form("a number of requests at once of each endpoint, or a table"),
]
