"""The words about traces: which collector is told, and of what."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from porch.config.model import Model, word
from porch.config.urls import Url
from porch.config.words import Duration, Form, Share, Silence

__all__ = ["EXAMPLE", "Traces", "TracesModel"]

EXAMPLE = '"http://127.0.0.1:4318"'


class TracesModel(Model):
    """Each exchange is told to a collector of OpenTelemetry, as a span with one for each attempt
    below it, by OTLP over HTTP. It needs an extra: `pip install 'porch[otel]'`. A URL alone is
    `to`. See [traces](traces.md)."""

    to: Url = Field(
        description="The collector; `/v1/traces` is added to a URL without a path. `https://` for "
        "one that is not on this machine."
    )
    ratio: Share = Field(
        default=1.0,
        description="How many of the traces that begin here are recorded. What goes wrong, and "
        "what is slow, is told whatever is recorded.",
        json_schema_extra={"default": "100%"},
    )
    slower: Duration = Field(
        default=1.0,
        description="From when on an exchange is slow.",
        json_schema_extra={"default": "1s"},
    )
    trust_parent: bool | None = word(
        "Whose trace is continued, and whose word taken on whether it is recorded: everybody's, "
        "nobody's, or that of those in `trust` if left out. For others a trace begins here, with a "
        "link to theirs."
    )
    service: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        default="porch", description="The name of this door there (`service.name`)."
    )
    headers: dict[str, str] = Field(
        default_factory=dict, description="More fields for the collector, such as its key."
    )
    timeout: Silence = Field(
        default=10.0,
        description="How long the collector may take for what it is sent at once.",
        json_schema_extra={"default": "10s"},
    )


def _read(value: object) -> object:
    return {"to": value} if isinstance(value, str) else value


Traces = Annotated[
    TracesModel | Literal[False],
    BeforeValidator(_read, json_schema_input_type=str | TracesModel | Literal[False]),
    Form(f"a URL, such as {EXAMPLE}, a table, or false"),
]
