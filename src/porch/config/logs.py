"""Where access log lines and messages go, as a configuration asks for it."""

from collections.abc import Sequence
from pathlib import Path

from porch.config.schema import ConfigModel, LogModel
from porch.exchange import Exchange
from porch.filter import Filter
from porch.observe.access_log import AccessLog, Format
from porch.observe.combined import combined
from porch.observe.json_lines import json_lines
from porch.observe.messages import Messages
from porch.observe.pretty import Pretty
from porch.observe.sink import Sink
from porch.route.plan import Plan

__all__ = ["Logs", "stderr_messages"]


def stderr_messages() -> Messages:
    """The messages of this process, to its stderr."""
    sink = Sink(2)
    return Messages(sink, colours=sink.is_terminal)


class Logs:
    """What every plan ends with.

    Without a configuration nothing is logged, as check and explain want it.
    """

    def __init__(
        self, access_log: AccessLog | None = None, messages: Messages | None = None
    ) -> None:
        self._access_log = access_log
        self._messages = messages
        self._models: list[LogModel] = []
        self._sinks: list[Sink] = []

    @classmethod
    def open(cls, config: ConfigModel, base: Path, messages: Messages) -> "Logs":
        """The logs that a configuration asks for. Raises OSError with the file's name."""
        logs = cls(messages=messages)
        logs._models = config.log
        formats: list[tuple[Format, Sink]] = []
        try:
            for model in config.log:
                sink = logs._sink(model, base)
                formats.append((_format(model, sink), sink))
        except OSError:
            for sink in logs._sinks:
                sink.close()
            raise
        if formats:
            logs._access_log = AccessLog(formats)
        return logs

    def is_for(self, config: ConfigModel) -> bool:
        """Whether these are the logs that `config` asks for too."""
        return self._models == config.log

    def reopen(self) -> None:
        """Open files anew: somebody may have moved them away (logrotate)."""
        for sink in self._sinks:
            sink.reopen()

    def plan(self, filters: Sequence[Filter]) -> Plan:
        """The plan of a route with these filters."""
        return Plan([*filters, self._access_log] if self._access_log is not None else filters)

    def report(self, exchange: Exchange, error: Exception) -> None:
        """Tell the operator of a defect, with its traceback."""
        if self._messages is not None:
            self._messages.report(exchange, error)

    def flush(self) -> None:
        """Write what waits."""
        if self._access_log is not None:
            self._access_log.flush()

    def close(self) -> None:
        """Write what waits, and end."""
        if self._access_log is not None:
            self._access_log.close()

    def _sink(self, model: LogModel, base: Path) -> Sink:
        assert self._messages is not None
        say = self._messages.warn
        if not model.to.startswith("file:"):
            sink = Sink(2 if model.to == "stderr" else 1, say=say)
        else:
            sink = Sink.open(base / model.to.removeprefix("file:"), say=say)
        self._sinks.append(sink)
        return sink


def _format(model: LogModel, sink: Sink) -> Format:
    if model.format == "combined":
        return combined
    if model.format == "pretty" or (model.format is None and sink.is_terminal):
        return Pretty(colours=sink.is_terminal)
    return json_lines
