"""`porch trace ID`: one exchange step by step, from what a running door remembers.

GET example.com/users  502 after 12.1 ms, ended 2026-11-29 15:02:11.083

0.0 ms    192.0.2.7 asked, HTTP/1.1
          route example.com/*
1.3 ms    tried 10.0.0.11:8000: connection_refused (refused the connection)
…
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from porch.cli.ask import show_answer
from porch.observe.took import took
from porch.observe.visible import visible

__all__ = ["lines", "show_trace"]


def show_trace(config: Path, wanted: str, *, as_json: bool) -> int:
    """Ask and print. wanted: an id, or last-error. Returns 0, or 1 with the reason."""
    return show_answer(config, "trace", lines, {"id": wanted}, as_json=as_json)


def lines(record: dict[str, Any]) -> Iterator[str]:
    """The exchange as text. What a client or an origin has sent moves no cursor."""
    yield f"{visible(record['method'])} {visible(record['host'])}{visible(record['target'])}"
    status = record["status"] or "no answer"
    yield f"{status} after {took(record['total_ms'] / 1000)}, ended {visible(record['time'])}"
    trace = f", trace {visible(record['trace'])}" if record.get("trace") else ""
    yield f"id {visible(record['id']) or '-'}{trace}"
    yield ""
    yield from _steps(record)
    if record["reason"]:
        yield ""
        detail = f" ({visible(record['detail'])})" if record.get("detail") else ""
        yield f"{record['reason']}: {record['sentence']}{detail}"
    if record.get("sent"):
        line, *fields = record["sent"]
        yield ""
        yield f"sent last: {visible(line)}"
        for name, value in fields:
            yield f"  {visible(name)}: {visible(value)}"


def _steps(record: dict[str, Any]) -> Iterator[str]:
    who = f", user {visible(record['user'])}" if record["user"] else ""
    yield _step(0.0, f"{visible(record['client'])} asked, HTTP/{visible(record['version'])}{who}")
    yield _step(None, f"route {visible(record['route'])}")
    tried = record.get("tried", ())
    for endpoint, connected, failed, word, detail in tried:
        told = f": {visible(detail)}" if detail else ""
        had = "never connected" if connected is None else f"connected at {took(connected / 1000)}"
        yield _step(failed, f"{visible(endpoint)} failed, {had}: {word}{told}")
    if record["endpoint"] is None:
        yield _step(None, "answered at the door")
    elif record["first_byte_ms"] is not None or not tried:
        if record["connect_ms"] is not None:
            yield _step(record["connect_ms"], f"connected to {visible(record['endpoint'])}")
        if record["first_byte_ms"] is not None:
            yield _step(record["first_byte_ms"], f"{visible(record['endpoint'])} began to answer")
    if record["attempts"] > 1:
        yield _step(None, f"{record['attempts']} attempts in all")
    sizes = f"{record['bytes_in']} B in, {record['bytes_out']} B out"
    yield _step(record["total_ms"], f"ended: {record['status'] or 'no answer'}, {sizes}")


def _step(at: float | None, text: str) -> str:
    return f"{'' if at is None else took(at / 1000):>10}  {text}"
