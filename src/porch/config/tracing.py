"""Traces, as a configuration asks for them."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from porch.config.loaded import Loaded
from porch.config.schema import ConfigModel
from porch.config.schema_traces import TracesModel
from porch.config.urls import is_near
from porch.filter import Filter
from porch.observe.otlp import EXTRA, is_there, sender
from porch.observe.span_queue import SpanQueue
from porch.observe.traces import Traces
from porch.observe.tracing import BeginTrace

__all__ = ["begin_traces", "review_traces", "traces", "url_of"]


def traces(config: ConfigModel, say: Callable[[str], None]) -> Traces | None:
    """Who tells the collector of a configuration; None without one."""
    words = config.traces
    if not words:
        return None
    url = url_of(words)
    begin = partial(sender, url, words.headers, words.service, words.timeout)
    return Traces(words.to, SpanQueue(f"traces to {words.to}", begin, say), words.slower)


def begin_traces(config: ConfigModel, trusts: Callable[[bytes], bool] | None) -> list[Filter]:
    """What gives each exchange its trace, if anything does. trusts: whether a peer is in
    `trust`."""
    words = config.traces
    if not words:
        return []
    if words.trust_parent is not None:
        trusts = _everybody if words.trust_parent else None
    return [BeginTrace(words.ratio, trusts)]


def review_traces(loaded: Loaded) -> None:
    """The extra must be there; what a key is sent with should be encrypted."""
    words = loaded.config.traces
    if not words:
        return
    if not is_there():
        text = f"traces need OpenTelemetry's SDK, which is not installed: {EXTRA}"
        loaded.add(("traces",), text)
    if words.headers and words.to.startswith("http:") and not is_near(words.to):
        text = "its headers leave this machine unencrypted; write https:// in `to`"
        loaded.add(("traces", "headers"), text, warning=True)


def url_of(words: TracesModel) -> str:
    """Where spans are sent: a URL that has a path is whole."""
    path = urlsplit(words.to).path
    return words.to if path.strip("/") else words.to.rstrip("/") + "/v1/traces"


def _everybody(_: bytes) -> bool:
    return True
