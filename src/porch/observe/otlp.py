"""OTLP over HTTP, by OpenTelemetry's SDK: an extra, `pip install 'porch[otel]'`.

The SDK is imported by the thread that sends, with its first spans: it takes 0.3 s, and a door that
tells no traces is not to pay for it. What is made of spans is in otlp_spans.py.
"""

import logging
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from porch.observe.span_queue import Send
from porch.observe.spans import Span

__all__ = ["EXTRA", "is_there", "sender"]

EXTRA = "pip install 'porch[otel]'"


def is_there() -> bool:
    """Whether the extra is installed."""
    names = ("opentelemetry.exporter.otlp.proto.http", "opentelemetry.sdk")
    try:
        return all(find_spec(name) is not None for name in names)
    except ModuleNotFoundError:
        return False


class _Last(logging.Handler):
    """Keeps what the SDK has said last, which it returns to nobody. Else it would be on stderr for
    each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()


def sender(url: str, headers: Mapping[str, str], service: str, timeout: float) -> Send:
    """What sends spans to a collector. url: whole. timeout: seconds of one batch, repetitions
    included. Raises ImportError without the extra."""
    from porch.observe.otlp_spans import Sender

    last = _Last()
    logger = logging.getLogger("opentelemetry")
    logger.propagate = False
    logger.handlers = [last]
    sending = Sender(url, headers, service, timeout)

    def send(spans: Sequence[Span]) -> str:
        last.text = ""
        return "" if sending.send(spans) else last.text or "the collector takes no spans"

    return send
