"""`porch top`: who is busy and who is slow now: routes, endpoints, clients, failures.

Two looks at what the workers have counted, some seconds apart, and at what has ended between them.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

from porch.cli.ask import answer_of
from porch.cli.status import table
from porch.observe.meter import ERRORS, REQUESTS, WIDTH
from porch.observe.rates import rates
from porch.observe.refusals import split
from porch.observe.series import GONE
from porch.observe.took import took
from porch.observe.visible import visible

__all__ = ["MORE", "Snapshot", "fitting", "lines", "show_top", "summary"]

MOST = 10
"""Rows of each table."""
CLEAR = "\x1b[H\x1b[J"
"""Of a terminal: home, and nothing below."""
MORE = "… a larger window shows all"

Cells = list[int]
Snapshot = dict[str, Any]
"""What one look has found. totals: by name, at: when. recent: what has ended since the last."""


def show_top(
    config: Path,
    every: float,
    *,
    once: bool,
    as_json: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Print until interrupted, or once. every: seconds between two looks. Returns 0, or 1 with the
    reason once the door has ended."""
    before = _look(config, None)
    try:
        while before is not None:
            sleep(every)
            after = _look(config, before["marks"])
            if after is None:
                break
            found = summary(before, after)
            if as_json:
                print(json.dumps(found))
            else:
                if once or not sys.stdout.isatty():
                    print("\n".join(lines(found)))
                else:
                    print(f"{CLEAR}{fitting([*lines(found)], *get_terminal_size())}", end="")
            sys.stdout.flush()
            if once:
                return 0
            before = after
    except KeyboardInterrupt:
        return 0
    return 1


def _look(config: Path, marks: Mapping[str, int] | None) -> Snapshot | None:
    totals = answer_of(config, "totals")
    recent = answer_of(config, "recent", None if marks is None else {"marks": dict(marks)})
    status = answer_of(config, "status")
    if totals is None or recent is None or status is None:
        return None
    series: list[list[Any]] = totals["series"]  # type: ignore[assignment]
    return {
        "at": totals["at"],
        "totals": {tuple(each[:-1]): each[-1] for each in series},
        "marks": recent["marks"],
        "recent": recent["records"],
        "status": status,
    }


def summary(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    """What has happened between two looks; rates a second, times in seconds, None of nothing."""
    seconds = max(after["at"] - before["at"], 0.001)
    routes: dict[str, Cells] = {}
    endpoints: dict[str, Cells] = {}
    reasons: Counter[str] = Counter()
    for name, cells in after["totals"].items():
        old = before["totals"].get(name) or [0] * len(cells)
        new = [now - then for now, then in zip(cells, old, strict=True)]
        if name[0] == ERRORS:
            reasons[name[2]] += new[0]
        elif name[0] == REQUESTS and name[2] != GONE and any(new[:6]):
            _add(routes, name[1], new)
            _add(endpoints, name[2], new)
    tried = _tried(before["status"], after["status"])
    for address, (_, bad) in tried.items():
        if bad:  # of one that has answered nothing at all, too
            endpoints.setdefault(address, [0] * WIDTH)
    records: Sequence[Mapping[str, Any]] = after["recent"]
    workers = after["status"]["workers"]
    failures, refused = split({word: count for word, count in reasons.most_common() if count})
    whole = [sum(column) for column in zip(*routes.values(), strict=True)] if routes else []
    return {
        "seconds": round(seconds, 3),
        "all": {"name": "all"} | rates(whole, seconds) if whole else None,
        "connections": sum(each["connections"] or 0 for each in workers),
        "running": sum(each["running"] or 0 for each in workers),
        "routes": _rows(routes, seconds),
        "endpoints": [_with_attempts(row, tried) for row in _rows(endpoints, seconds)],
        "clients": [
            {"client": client, "requests": count}
            for client, count in Counter(each["client"] for each in records).most_common(MOST)
        ],
        "slowest": sorted(records, key=lambda each: -each["total_ms"])[:MOST],
        "reasons": dict([*failures.items()][:MOST]),
        "refused": dict([*refused.items()][:MOST]),
        "out": [each for each in after["status"]["upstreams"] if each.get("out_since")],
    }


def fitting(found: Sequence[str], columns: int, rows: int) -> str:
    """As much of these lines as a window has room for."""
    shown = found if len(found) <= rows else [*found[: max(rows - 1, 0)], MORE]
    return "\n".join(each[:columns] for each in shown)


def _add(found: dict[str, Cells], key: str, cells: Cells) -> None:
    known = found.get(key)
    found[key] = cells if known is None else [a + b for a, b in zip(known, cells, strict=True)]


def _tried(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """By address: attempts between two answers of `status`, and how many of them failed."""
    old = {(each["pool"], each["endpoint"]): each for each in before["upstreams"]}
    found: dict[str, tuple[int, int]] = {}
    for each in after["upstreams"]:
        if "failed" in each:
            then = old.get((each["pool"], each["endpoint"]), {})
            count, bad = found.get(each["endpoint"], (0, 0))
            new = each["requests"] - then.get("requests", 0), each["failed"] - then.get("failed", 0)
            found[each["endpoint"]] = count + new[0], bad + new[1]
    return found


def _with_attempts(row: dict[str, Any], tried: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """An endpoint's failures are its attempts that failed, whoever answered in the end."""
    if row["name"] not in tried:
        return row
    count, bad = tried[row["name"]]
    return row | {"failed": bad, "share_failed": round(bad / max(count, bad), 4) if bad else 0.0}


def _rows(found: Mapping[str, Cells], seconds: float) -> list[dict[str, Any]]:
    rows = [{"name": name} | rates(cells, seconds) for name, cells in found.items()]
    return sorted(rows, key=lambda row: -row["per_second"])[:MOST]


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The summary as text."""
    whole = found["all"]
    rate = f"{whole['per_second']:.1f} requests/s, {whole['failed']} failed" if whole else "nothing"
    here = f"{found['connections']} clients, {found['running']} running"
    yield f"{rate} in {found['seconds']:.1f} s; {here}"
    for title, key in (("route", "routes"), ("endpoint", "endpoints")):
        if found[key]:
            yield ""
            yield from table(
                [title, "per s", "failed", "p50", "p99", "1st byte p99", "sent"],
                [*map(_cells, found[key])],
            )
    if found["slowest"]:
        yield ""
        yield from table(
            ["slowest", "status", "client", "request", "id"],
            [
                [
                    took(each["total_ms"] / 1000),
                    each["status"] or "---",
                    visible(each["client"]),
                    visible(f"{each['method']} {each['host']}{each['target']}")[:60],
                    visible(each["id"]),
                ]
                for each in found["slowest"][:5]
            ],
        )
    if found["clients"]:
        yield ""
        said = (f"{visible(each['client'])} {each['requests']}" for each in found["clients"][:5])
        yield f"clients: {', '.join(said)}"
    for title, key in (("failures", "reasons"), ("refused", "refused")):
        if found[key]:
            said = (f"{count} {word}" for word, count in found[key].items())
            yield f"{title}: {', '.join(said)}"
    for each in found["out"]:
        yield f"{each['pool']}: {each['endpoint']} is {each['state']}"


def _cells(row: Mapping[str, Any]) -> list[object]:
    return [
        visible(row["name"]),
        f"{row['per_second']:.1f}",
        f"{row['failed']} ({row['share_failed']:.1%})" if row["failed"] else "0",
        _known(row["p50"]),
        _known(row["p99"]),
        _known(row["first_byte_p99"]),
        f"{row['bytes_per_second'] / 1e6:.2f} MB/s",
    ]


def _known(seconds: float | None) -> str:
    return "-" if seconds is None else took(seconds)
