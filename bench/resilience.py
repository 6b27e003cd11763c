"""What do clients see when a backend dies, hangs, slows down or fails?

    python bench/resilience.py                         all proxies, as they are and with options
    python bench/resilience.py --proxies Porch,nginx --cases killed,hung

Three backends, 32 clients on kept connections that ask every 40 ms, a quarter of it POSTs, each
with a path of its own so that one that ran twice is seen. A client gives up after 10 s. `failed`:
a GET with no answer, a broken one, none in time, or a 502 to 504 of the proxy; a POST that ran in
the backend at that moment may not be sent again, and is counted apart. `slow`: over 1 s. `back`:
seconds from the backend's return to the first request it was sent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from harness import machine
from harness.backends import Backend, twice
from harness.barrage import Asked, barrage
from harness.pools import PROXIES, Proxy
from harness.process import Process, free_port

ROOT = Path(__file__).resolve().parent.parent
LEAD = 2.0
"""Seconds of calm before it happens."""
NEVER = float("inf")
Row = dict[str, float]
Event = Callable[[list[Backend]], Awaitable[float]]
"""Does it, and returns when the backend was back (time.monotonic), 0.0 where that means nothing."""


async def _killed(backends: list[Backend]) -> float:
    backends[1].end()
    await asyncio.sleep(6)
    await asyncio.to_thread(backends[1].start)
    return time.monotonic()


async def _hung(backends: list[Backend]) -> float:
    backends[1].send(signal.SIGSTOP)
    await asyncio.sleep(8)
    backends[1].send(signal.SIGCONT)
    return time.monotonic()


async def _failing(backends: list[Backend]) -> float:
    backends[1].tell("failing 0.1")
    await asyncio.sleep(6)
    return 0.0


async def _slow(backends: list[Backend]) -> float:
    backends[1].tell("delay 0.2")
    backends[0].tell("delay 0.01")
    backends[2].tell("delay 0.01")
    await asyncio.sleep(8)
    return 0.0


async def _rolled(backends: list[Backend]) -> float:
    for each in backends:
        await asyncio.to_thread(each.end, signal.SIGTERM)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(each.start)
        await asyncio.sleep(1.5)
    return 0.0


async def _dead(backends: list[Backend]) -> float:
    for each in backends:
        each.end()
    await asyncio.sleep(3)
    for each in backends:
        await asyncio.to_thread(each.start)
    return time.monotonic()


CASES: dict[str, tuple[Event, str]] = {
    "killed": (_killed, "one of three is killed, and started again after 6 s"),
    "hung": (_hung, "one of three hangs for 8 s (SIGSTOP)"),
    "failing": (_failing, "one of three answers 500 to a tenth"),
    "slow": (_slow, "one of three takes 200 ms where the others take 10 ms"),
    "rolled": (_rolled, "all three are restarted one after the other (SIGTERM)"),
    "dead": (_dead, "all three are killed, and started again after 3 s"),
}


async def measure(proxy: Proxy, program: str, case: str, *, options: bool) -> Row:
    """One proxy through one case."""
    event, _ = CASES[case]
    folder = Path(tempfile.mkdtemp(prefix="porch-resilience-"))
    backends = [Backend(name, folder) for name in "abc"]
    for each in backends:
        each.start()
    port = free_port()
    command = proxy.command(program, folder, port, [each.port for each in backends], options)
    cores = os.sched_getaffinity(0)
    process = Process(command, cores=cores, log=folder / "log", errors=folder / "stderr")
    try:
        process.wait_for_port(port)
        await asyncio.sleep(0.5)
        load = asyncio.create_task(barrage(port, _seconds(case)))
        await asyncio.sleep(LEAD)
        begun = time.monotonic()
        back = await event(backends)
        found = await load
        return _row(found, backends, begun, back)
    finally:
        process.stop()
        for each in backends:
            each.end()
        shutil.rmtree(folder, ignore_errors=True)


def _seconds(case: str) -> float:
    return LEAD + {"killed": 12.0, "hung": 14.0, "dead": 8.0, "slow": 8.0}.get(case, 6.5)


def _row(found: list[Asked], backends: list[Backend], begun: float, back: float) -> Row:
    sent = [[when for when, _, _ in each.requests() if when > begun] for each in backends]
    total = sum(map(len, sent))
    row: Row = {
        "asked": len(found),
        "failed": sum(each.has_failed for each in found if each.method == "GET"),
        "failed POSTs": sum(each.has_failed for each in found if each.method == "POST"),
        "gave up": sum(each.gave_up for each in found),
        "slow": sum(each.seconds > 1 and not each.gave_up for each in found),
        "posts twice": twice(backends),
        "share": round(100 * len(sent[1]) / total, 1) if total else 0.0,
        "500s": sum(each.status == 500 for each in found),
    }
    if back:
        after = [when for when in sent[1] if when > back]
        row["back"] = round(min(after) - back, 2) if after else NEVER
    return row


COLUMNS = (
    ("killed", "failed", "killed: GETs failed"),
    ("killed", "failed POSTs", "POSTs failed"),
    ("killed", "back", "back after, s"),
    ("hung", "asked", "hung: answered"),
    ("hung", "failed", "GETs failed"),
    ("hung", "slow", "over 1 s"),
    ("hung", "posts twice", "POSTs run twice"),
    ("hung", "back", "back after, s"),
    ("failing", "500s", "500s seen"),
    ("slow", "share", "slow one's share, %"),
    ("rolled", "failed", "restarted: GETs failed"),
    ("rolled", "failed POSTs", "POSTs failed"),
    ("dead", "back", "all dead: back after, s"),
)


def table(rows: list[dict[str, object]]) -> str:
    """One row a proxy, as it is and with its options."""
    found = {(row["proxy"], row["options"], row["case"]): row for row in rows}
    lines = [
        f"| | {' | '.join(title for _, _, title in COLUMNS)} |",
        f"| --- |{' --: |' * len(COLUMNS)}",
    ]
    for proxy, options in dict.fromkeys((row["proxy"], row["options"]) for row in rows):
        cells = []
        for case, word, _ in COLUMNS:
            value = found.get((proxy, options, case), {}).get(word)
            cells.append("" if value is None else "not at all" if value == NEVER else f"{value:g}")
        name = f"{proxy}, options" if options else f"{proxy}"
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    options = _options()
    print(f"{machine.date()}, Porch at {machine.commit(ROOT)}; {machine.machine()}")
    rows: list[dict[str, object]] = []
    for case in options.cases.split(","):
        print(f"\n{CASES[case][1]}:")
        for name in options.proxies.split(","):
            proxy = next(each for each in PROXIES if each.name == name)
            program = proxy.find()
            if program is None:
                print(f"  {name}: not installed")
                continue
            for with_options in (False, True):
                if with_options and options.plain:
                    continue
                row = asyncio.run(measure(proxy, program, case, options=with_options))
                rows.append({"case": case, "proxy": name, "options": with_options, **row})
                shown = ", ".join(f"{word} {value:g}" for word, value in row.items())
                print(
                    f"  {name + (' with options' if with_options else ''):22} {shown}", flush=True
                )
    if options.markdown:
        Path(options.markdown).write_text(table(rows))
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--proxies", default=",".join(each.name for each in PROXIES))
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--plain", action="store_true", help="as they are, without options")
    parser.add_argument("--markdown", help="write a table into this file")
    parser.add_argument("--json", help="write the rows into this file too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
