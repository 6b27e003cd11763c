"""The words about what is seen of a door: logs, metrics, traces, the ids of requests."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.address import parse_listen
from porch.config.model import Model, word
from porch.config.schema_admin import Admin
from porch.config.schema_log import LOG_FORM, LogModel, LogText, read_logs
from porch.config.schema_traces import EXAMPLE, Traces
from porch.config.words import Strings

__all__ = ["ObserveWords"]


def _plain_addresses(texts: list[str]) -> list[str]:
    for text in texts:
        if parse_listen(text).tls:
            raise ValueError(f"'{text}': metrics are served over plain HTTP")
    return texts


class ObserveWords(Model):
    """Of the whole door."""

    log: Annotated[
        list[LogModel],
        BeforeValidator(read_logs, json_schema_input_type=LogText),
        LOG_FORM,
    ] = Field(
        default=[LogModel()],
        description='The access log: `"pretty"`, `"json"`, `"combined"`, `"file:/path"`, `false` '
        "for none, or a list of tables, see [log](#log).",
        json_schema_extra={"default": "stdout"},
    )
    metrics: Annotated[Strings, AfterValidator(_plain_addresses)] = Field(
        default=[],
        description="Where Prometheus finds `/metrics`, and whoever asks `/livez` and `/readyz`: "
        '"127.0.0.1:9145", or several; plain HTTP, nothing else is there. See '
        "[metrics](metrics.md).",
    )
    admin: Admin | None = word(
        "Where the door is seen and steered over TCP, by whom; see [admin](#admin). By commands "
        "alone if left out.",
    )
    request_id: bool = Field(
        default=True,
        description="Give each request an id and tell it to origin and client (X-Request-ID); "
        "`porch trace` finds it by that. One that a proxy in `trust` has sent is kept.",
    )
    traces: Traces | None = word(
        f"Where exchanges are told as traces, such as {EXAMPLE}; see [traces](#traces). Nowhere if "
        "left out: `traceparent` passes as it comes.",
        False,
    )
