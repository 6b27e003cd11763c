"""`porch status`: what a running door does, for a person or as JSON."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from porch.cli.ask import show_answer

__all__ = ["lines", "show_status", "table"]

MOST = 30
"""Endpoints that a person is shown; those in trouble come first."""

_LIMIT = ("limit", "refused", "would_refuse")
_ENDPOINT = ("pool", "endpoint", "state", "running", "requests")


def show_status(config: Path, *, as_json: bool) -> int:
    """Ask and print. Returns 0, or 1 with the reason."""
    return show_answer(config, "status", lines, as_json=as_json)


def _addresses(status: dict[str, Any]) -> Iterator[str]:
    """Where clients come, and those who look."""
    yield f"listening on {', '.join(status['listening']) or 'nothing'}"
    for what, urls in status["observed"].items():
        if urls:
            yield f"{what} on {', '.join(urls)}"


def lines(status: dict[str, Any]) -> Iterator[str]:
    """The status as text: short lines, columns where there are rows."""
    state = f", stopping since {status['stopping_since']}" if status["stopping"] else ""
    yield f"porch {status['version']}, process {status['pid']}, up since {status['since']}{state}"
    found = status["configuration"]
    routes = f"{found['routes']} route{'' if found['routes'] == 1 else 's'}"
    yield f"{found['file']} ({found['hash']}), {routes}, loaded {found['loaded']}"
    yield from _for_a_while(status)
    yield from _addresses(status)
    yield ""
    yield from _workers(status)
    if any(status["cut"].values()):
        yield ""
        told = ", ".join(f"{count} {word}" for word, count in status["cut"].items() if count)
        yield f"connections that were cut: {told}"
    if any(status["turned_away"].values()):
        yield ""
        away = (f"{count} {word}" for word, count in status["turned_away"].items() if count)
        yield f"requests refused while a worker was busy, by importance: {', '.join(away)}"
    endpoints = sorted(status["upstreams"], key=lambda each: each["state"] == "up")
    if endpoints:
        yield ""
        yield from table(
            ["pool", "endpoint", "state", "running", "requests"],
            [
                [
                    each["pool"],
                    each["endpoint"] + (f" ({each['speaks']})" if "speaks" in each else ""),
                    *(each.get(word, "") for word in ("state", "running", "requests")),
                ]
                for each in endpoints[:MOST]
            ],
        )
        more = len(endpoints) - MOST + status["more_upstreams"]
        if more > 0:
            yield f"and {more} more; --json shows up to {len(endpoints)} of them"
    yield from _changes(status)


def _workers(status: dict[str, Any]) -> Iterator[str]:
    yield from table(
        ["worker", "state", "clients", "running", "requests", "cpu", "memory", "since"],
        [
            [
                each["pid"],
                each["state"],
                each["connections"],
                each["running"],
                each["requests"],
                f"{each['cpu_seconds']:.1f} s",
                f"{each['memory'] / 1e6:.0f} MB",
                each["since"],
            ]
            for each in status["workers"]
        ],
    )


def _for_a_while(status: dict[str, Any]) -> Iterator[str]:
    """What ends by itself: a log level, a capture."""
    if status["log_level"] != "normal":
        yield f"log level {status['log_level']}; porch log-level normal ends it"
    if status["capture"] is not None:
        found = status["capture"]
        left = f"for {found['seconds_left']} s more, {found['heads']} heads so far"
        yield (
            f"the heads of {found['client']} are captured {left}, begun by {found['by']}; porch "
            "capture --end ends it"
        )


def _changes(status: dict[str, Any]) -> Iterator[str]:
    """What operators have said, canaries, and mirrors that left something out."""
    for title, words in (
        ("orders", ("order", "since", "undo")),
        ("canaries", ("route", "to", "who", "state")),
    ):
        rows = [[each[word] or "" for word in words] for each in status[title]]
        if rows:
            yield ""
            yield from table(words, rows)
    for each in status["mirrors"]:
        if each["not_copied"]:
            yield ""
            yield f"{each['pool']}: {each['not_copied']} requests were not copied"
    rows = [
        [each[word] for word in _LIMIT] for each in status["limits"] if any(list(each.values())[1:])
    ]
    if rows:
        yield ""
        yield from table(["limit", "refused", "would refuse"], rows)
    for each in status["discovery"]:
        yield ""
        yield from _source(each)


def _source(source: dict[str, Any]) -> Iterator[str]:
    """What is known of where endpoints are found."""
    since = f", list of {source['since']}" if source["since"] else ""
    yield f"{source['source']} for {', '.join(source['pools'])}: {source['endpoints']} found{since}"
    if source["trouble"]:
        since = f" since {source['trouble_since']}" if source["trouble_since"] else ""
        yield f"  trouble{since}: {source['trouble']}"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Columns as wide as they have to be; what is None is not known."""
    cells = [["?" if cell is None else str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
