"""A real door on a machine whose wall clock is set an hour back and forth while it serves.

Its processes have a clock that the test sets: a module that Python loads before all else puts an
offset out of a file on what `time.time` says. Clocks that nobody can set go on as they are.
"""

import json
import re
import struct
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import SOURCE, Door, echo
from tests.support.browsing import TOKENS, admin
from tests.support.collector import Collector, collecting
from tests.support.ports import free_port

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra porch[otel]")

HOUR = 3600.0
SITE = """
import mmap, os, struct, time
with open(os.environ["CLOCK_OFFSET"], "rb") as file:
    offset = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
real = time.time
time.time = lambda: real() + struct.unpack("d", offset[:8])[0]
"""


class Jumping:
    """A door with two workers, traces, metrics and a page, and its clock."""

    def __init__(self, door: Any, origin: Any, collector: Collector, folder: Path) -> None:
        self.offset = folder / "offset"
        self.set(0.0)
        (folder / "sitecustomize.py").write_text(SITE, encoding="utf-8")
        self.metrics, self.admin = free_port(), free_port()
        port = origin(echo).port
        self.collector = collector
        self.door: Door = door(
            f'workers = 2\nlog = "json"\nmetrics = "127.0.0.1:{self.metrics}"\n'
            f'{admin(self.admin)}traces = {{ to = "{collector.url}" }}\n'
            f'[routes]\n"*" = "127.0.0.1:{port}"\n"*/dead" = "127.0.0.1:1"\n',
            environ={
                "PYTHONPATH": f"{folder}:{SOURCE}",
                "CLOCK_OFFSET": str(self.offset),
            },
        )

    def set(self, offset: float) -> None:
        """Seconds that its clock is ahead, in all its processes at once."""
        with self.offset.open("r+b" if self.offset.exists() else "wb") as file:
            file.write(struct.pack("d", offset))

    def ask(self, count: int) -> None:
        for at in range(count):
            with urllib.request.urlopen(f"{self.door.url}/{at}", timeout=10) as answer:
                answer.read()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.door.log.splitlines()]

    def samples(self) -> dict[str, float]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.metrics}/metrics",
            headers={"Accept": "application/openmetrics-text"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read().decode()
        found = re.findall(r"(?m)^(porch_\w+(?:\{.*?\})?) ([0-9.e+-]+)(?: # .*)?$", text)
        return {name: float(value) for name, value in found}

    def events(self, count: int) -> Iterator[tuple[str, Any]]:
        """What a page hears, so many events."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.admin}/v1/events",
            headers={"Authorization": f"Bearer {TOKENS['ann']}", "Accept": "text/event-stream"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            name = ""
            while count:
                line = answer.readline().decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    count -= 1
                    yield name, json.loads(line[6:])


@pytest.fixture
def jumping(door: Any, origin: Any, tmp_path: Path) -> Iterator[Jumping]:
    folder = tmp_path / "clock"
    folder.mkdir()
    with collecting() as collector:
        yield Jumping(door, origin, collector, folder)


OFFSETS = (0.0, HOUR, -HOUR, 0.0)


def test_counts_go_on_and_lines_traces_and_charts_have_the_time_that_it_is(
    jumping: Jumping,
) -> None:
    before: dict[str, float] = {}
    for turn, offset in enumerate(OFFSETS, 1):
        jumping.set(offset)
        time.sleep(0.6)  # a worker takes the time of day at a tick
        jumping.ask(10)
        jumping.door.wait_until(lambda: len(jumping.lines) == 10 * turn, "its lines")  # noqa: B023
        jumping.door.wait_until(
            lambda: _requests(jumping.samples()) == 10 * turn,  # noqa: B023
            "its counts",
        )
        wall = time.time() + offset
        for line in jumping.lines[-10:]:
            assert abs(datetime.fromisoformat(line["time"]).timestamp() - wall) < 30
            assert 0 <= line["first_byte_ms"] <= line["total_ms"] < 30_000
        now = jumping.samples()
        growing = re.compile(r"porch_\w+(_total|_count|_sum|_bucket)\b")
        for name, value in before.items():
            if growing.match(name):
                assert now[name] >= value, name
        assert now['porch_request_duration_seconds_sum{route="*"}'] < 10 * turn
        before = now
        pictures = [data for name, data in jumping.events(4) if name == "picture"]
        assert abs(pictures[-1]["at"] - wall) < 30
        assert pictures[-1]["all"] is None or 0 < pictures[-1]["all"][1] <= 20
        for each in pictures[-1]["slowest"]:
            assert abs(datetime.fromisoformat(each["time"]).timestamp() - wall) < 90
        (plan,) = [data for name, data in jumping.events(1) if name == "plan"]
        times = [point[0] for point in plan["points"]]
        assert times == sorted(times)
        assert all(abs(each - wall) < 700 for each in times)
    jumping.door.wait_until(lambda: len(jumping.collector.spans) == 80, "its spans")
    for span in jumping.collector.spans:
        moments = [span.start, *(at for _, at in span.events), span.end]
        assert moments == sorted(moments)
        assert span.end - span.start < 30e9
        assert min(abs(span.start / 1e9 - time.time() - each) for each in OFFSETS) < 120


def _requests(samples: dict[str, float]) -> float:
    return sum(value for name, value in samples.items() if name.startswith("porch_requests_total{"))
