"""The words about a worker with too much to do: from when on, and who comes in then."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.model import Model, word
from porch.config.units import spell_duration
from porch.config.words import Duration, Form
from porch.route.route import ALWAYS, KNOWN
from porch.shield.busy import Terms
from porch.shield.busy_level import KINDS, NAMES

__all__ = ["IMPORTANCE", "BusyModel", "BusyWords", "ImportanceWords"]

IMPORTANCE = dict(zip(NAMES, range(KINDS), strict=True)) | {"always": ALWAYS, "known": KNOWN}
"""As it is written, the least first; `known` is one or the other."""
_TERMS = Terms()
_LEAST, _HIGHEST, _LONGEST = 0.005, 10.0, 5.0
"""Seconds: the clock of the loop goes by milliseconds, and there are several looks in a lag."""
_EXAMPLE = '"20ms"'


def _lag(value: float) -> float:
    if not _LEAST <= value <= _HIGHEST:
        raise ValueError("it is from 5ms to 10s")
    return value


def _hold(value: float) -> float:
    if value > _LONGEST:
        raise ValueError("5s is the most: who is refused should know it")
    return value


class BusyModel(Model):
    """When a worker has more to do than it can, requests are refused (503) right behind their head,
    from the least `importance` on, so that the others are served as fast as ever. A duration alone
    is `lag`."""

    lag: Annotated[Duration, AfterValidator(_lag), Form(f"a duration, such as {_EXAMPLE}")] = Field(
        default=_TERMS.lag,
        description="How long a turn of a worker's loop may take; requests wait up to twice as "
        "long for their turn. From 5ms to 10s.",
        json_schema_extra={"default": spell_duration(_TERMS.lag)},
    )
    hold: Annotated[Duration, AfterValidator(_hold)] | None = word(
        "How long a refusal waits before it leaves, so that who asks again at once does not; "
        "longer when many wait.",
        spell_duration(_TERMS.hold),
    )
    retry_after: Duration | None = word(
        "What those are told who are refused, in Retry-After.", spell_duration(_TERMS.retry_after)
    )

    @property
    def terms(self) -> Terms:
        """With the defaults for what is not said."""
        return Terms(
            lag=self.lag,
            hold=_TERMS.hold if self.hold is None else self.hold,
            retry_after=_TERMS.retry_after if self.retry_after is None else self.retry_after,
        )


def _read(value: object) -> object:
    return {"lag": value} if isinstance(value, str) else value


class BusyWords(Model):
    """Of the whole door."""

    busy: (
        Annotated[
            BusyModel | Literal[False],
            BeforeValidator(_read, json_schema_input_type=str | BusyModel | Literal[False]),
            Form(f"a duration, such as {_EXAMPLE}, a table, or false"),
        ]
        | None
    ) = word(
        "How long a turn of a worker may take before requests are refused for others, such as "
        f"{_EXAMPLE}; see [busy](#busy). Nobody is refused if left out.",
        False,
    )


class ImportanceWords(Model):
    """Of a route, a site or the top."""

    importance: Literal["low", "normal", "high", "always", "known"] | None = word(
        "Who comes in while a worker has too much to do: `low` is refused first, `always` never; "
        "`known` is high for addresses from where `auth` has let somebody in lately. Only where "
        "[busy](#busy) is said.",
        "normal",
    )
