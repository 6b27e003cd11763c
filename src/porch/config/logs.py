"""Where access log lines, traces and messages go, as a configuration asks for it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from porch.config.schema import ConfigModel, LogModel
from porch.config.schema_log import RotateModel, syslog_place
from porch.config.schema_traces import TracesModel
from porch.config.tracing import traces
from porch.exchange import Exchange
from porch.filter import Filter
from porch.observe.access_log import AccessLog, Written
from porch.observe.addresses import KEY, Hashed, Hidden, short
from porch.observe.choosing import Choice
from porch.observe.combined import combined
from porch.observe.ended import Ended, Format, Watcher
from porch.observe.fields import SLOW_NAMES, Fields
from porch.observe.journal import journal
from porch.observe.json_lines import json_lines
from porch.observe.lost import LINES_LOST, SPANS_LOST, CellsOf, Lost
from porch.observe.memo import Memo
from porch.observe.messages import Messages
from porch.observe.pretty import Pretty
from porch.observe.queries import Unasked
from porch.observe.sink import Sink, open_log
from porch.observe.syslog import syslog
from porch.observe.traces import Traces
from porch.route.plan import Plan

__all__ = ["Logs", "close_log_files", "log_files", "open_log_files", "rotations", "stderr_messages"]


def stderr_messages() -> Messages:
    """The messages of this process, to its stderr."""
    sink = Sink(2)
    return Messages(sink, colours=sink.is_terminal)


class Logs:
    """What every plan ends with.

    Without a configuration nothing is logged, as check and explain want it.
    """

    def __init__(self, ended: Ended | None = None, messages: Messages | None = None) -> None:
        self._ended = ended
        self._messages = messages
        self._models: list[LogModel] = []
        self._told: TracesModel | bool | None = None
        self._traces: Traces | None = None
        self._files: list[tuple[Path, Sink]] = []

    @classmethod
    def of(
        cls,
        config: ConfigModel,
        base: Path,
        messages: Messages,
        files: Mapping[Path, int],
        watchers: Iterable[Watcher] = (),
        lost: CellsOf | None = None,
    ) -> "Logs":
        """The logs that a configuration asks for. files: see `log_files`, opened; they
        stay the caller's. watchers: who looks at each exchange besides, whatever is logged.
        lost: where lines and spans that never arrived are counted."""
        logs = cls(messages=messages)
        logs._models = config.log
        sinks = [logs._sink(model, base, files) for model in config.log]
        formats = []
        for model, sink in zip(config.log, sinks, strict=True):
            formats.append(Written(_hidden(_format(model, sink), model), sink, _choice(model)))
        everybody = [*watchers]
        if formats:
            everybody.append(AccessLog(formats))
        logs._told = config.traces
        logs._traces = traces(config, messages.warn)
        if logs._traces is not None:
            everybody.append(logs._traces)
        if lost is not None:
            everybody.append(Lost(LINES_LOST, sinks, lost))
            if logs._traces is not None:
                everybody.append(Lost(SPANS_LOST, [logs._traces], lost))
        if everybody:
            logs._ended = Ended(everybody)
        return logs

    def is_for(self, config: ConfigModel) -> bool:
        """Whether these are the logs that `config` asks for too."""
        return self._models == config.log and self._told == config.traces

    def go_on_with(self, files: Mapping[Path, int]) -> None:
        """Write to these from now on: the same files, opened anew by their names."""
        for path, sink in self._files:
            if path in files:
                sink.go_on_with(os.dup(files[path]))

    def plan(self, filters: Sequence[Filter]) -> Plan:
        """The plan of a route with these filters."""
        return Plan([*filters, self._ended] if self._ended is not None else filters)

    def report(self, exchange: Exchange, error: Exception) -> None:
        """Tell the operator of a defect, with its traceback."""
        if self._messages is not None:
            self._messages.report(exchange, error)

    def watch(self, watcher: Watcher, *, wanted: bool) -> None:
        """Show exchanges that end to one more, or no more."""
        if self._ended is not None:
            (self._ended.watch if wanted else self._ended.unwatch)(watcher)

    def put_away(self) -> None:
        """See Ended."""
        if self._ended is not None:
            self._ended.put_away()

    def flush(self) -> None:
        """Write what waits."""
        if self._ended is not None:
            self._ended.flush()

    def close(self) -> None:
        """Write what waits, and end."""
        if self._ended is not None:
            self._ended.close()

    def wait(self) -> None:
        """Behind `close`, for what leaves by itself, a second at most."""
        if self._traces is not None:
            self._traces.wait()

    def _sink(self, model: LogModel, base: Path, files: Mapping[Path, int]) -> Sink:
        assert self._messages is not None
        say = self._messages.warn
        path = _path(model, base)
        if model.to == "journald":
            return Sink(journal(), say=say)
        if model.to.startswith("syslog"):
            return Sink(syslog(model.to, *syslog_place(model.to)), say=say)
        if path is None:
            return Sink(2 if model.to == "stderr" else 1, say=say)
        sink = Sink(os.dup(files[path]), path=path, say=say)
        self._files.append((path, sink))
        return sink


def log_files(config: ConfigModel, base: Path) -> list[Path]:
    """The files that a configuration writes its logs to."""
    paths = [_path(model, base) for model in config.log]
    return list(dict.fromkeys(path for path in paths if path is not None))


def rotations(config: ConfigModel, base: Path) -> dict[Path, RotateModel]:
    """The files that are to be moved away now and then."""
    found = {_path(model, base): model.rotate for model in config.log if model.rotate is not None}
    return {path: rotate for path, rotate in found.items() if path is not None}


def open_log_files(paths: Iterable[Path]) -> dict[Path, int]:
    """All of them or none. Raises OSError with the file's name."""
    files: dict[Path, int] = {}
    try:
        for path in paths:
            files[path] = open_log(path)
    except OSError:
        close_log_files(files)
        raise
    return files


def close_log_files(files: dict[Path, int]) -> None:
    """Close them and forget their numbers."""
    for fd in files.values():
        os.close(fd)
    files.clear()


def _path(model: LogModel, base: Path) -> Path | None:
    return base / model.to.removeprefix("file:") if model.to.startswith("file:") else None


def _format(model: LogModel, sink: Sink) -> Format:
    if model.format == "combined":
        return combined
    if model.fields is not None:
        return Fields(model.fields)
    if model.format == "pretty" or (model.format is None and sink.is_terminal):
        return Pretty(colours=sink.is_terminal, phases=model.slower is not None)
    return json_lines if model.slower is None else Fields(SLOW_NAMES)


def _hidden(made: Format, model: LogModel) -> Format:
    """Without what the log may not have of people."""
    if not model.queries:
        made = Unasked(made)
    if model.addresses is None:
        return made
    return Hidden(made, Memo(short) if model.addresses == "short" else Hashed(KEY))


def _choice(model: LogModel) -> Choice | None:
    """None where every exchange has a line."""
    if not (model.status or model.route or model.errors or model.slower or model.sample):
        return None
    return Choice(
        statuses=tuple(model.status),
        routes=tuple(model.route),
        errors=model.errors,
        slower=model.slower or 0.0,
        sample=model.sample or -1.0,
    )
