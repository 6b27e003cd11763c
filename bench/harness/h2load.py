"""h2load (nghttp2's load generator) as the load: many streams over few connections, all over TLS.

It runs on the load's core beside the origin, and must be cheap: a client in Python would cost more
than most proxies here.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from peers.find import on_path

from harness.clients import LoadError
from harness.load import Closed
from harness.messages import HOST
from harness.meter import Meter
from harness.tls import CIPHER, GROUP

__all__ = ["PACKAGE", "Ask", "Shape", "check", "find", "timed"]

PACKAGE = "nghttp2-client"
"""What Debian calls the package that h2load is in."""
PATIENCE = 5  # seconds in which a connection hears nothing, before h2load gives it up
BEGIN = "Main benchmark duration is started"
END = "Main benchmark duration is over"
AGREED = (
    "Application protocol: h2",
    "TLS Protocol: TLSv1.3",
    f"Cipher: {CIPHER}",
    f"Server Temp Key: {GROUP.upper()}",
)
REQUESTS = re.compile(
    r"^requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, "
    r"(\d+) failed, (\d+) errored, (\d+) timeout$",
    re.MULTILINE,
)
STATUSES = re.compile(r"^status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx$", re.MULTILINE)
DATA = re.compile(r"^traffic: .* \((\d+)\) data$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What is asked, again and again.

    paths: each client asks for one after the other, then again from the first.
    fields: "name: value", for all. body: what is posted, or None for a GET.
    answer: bytes of the body that each answer must have.
    """

    paths: tuple[str, ...]
    answer: int
    fields: tuple[str, ...] = ()
    body: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """How many connections, and how many requests are open at once on each."""

    connections: int
    streams: int


def find() -> str | None:
    """The program, or None where it is not installed."""
    return on_path("h2load")


def check(port: int, ask: Ask, shape: Shape, folder: Path) -> None:
    """Ask a few times for each stream. Raises LoadError unless every answer is a good one, of the
    right size, over HTTP/2 and the TLS that all have."""
    count = 2 * shape.connections * shape.streams
    with _run(port, ask, shape, folder, f"--requests={count}") as load:
        said = load.communicate()[0]
    done = _count(said)
    if done != count or _data(said) != count * ask.answer:
        raise LoadError(
            f"{done} of {count} answers, with {_data(said)} bytes instead of {count * ask.answer}"
        )
    for words in AGREED:
        if words not in said:
            raise LoadError(f"not '{words}': {' '.join(said.split())[:400]}")


def timed(
    port: int, ask: Ask, shape: Shape, folder: Path, *, warm: float, seconds: float, meter: Meter
) -> Closed:
    """Ask for `warm` seconds, then for the `seconds` that count, over which the meter runs.

    folder: for the files that h2load reads. Raises LoadError if one answer was not a good one.
    """
    times = (f"--warm-up-time={_ms(warm)}", f"--duration={_ms(seconds)}")
    said = ""
    with _run(port, ask, shape, folder, *times) as load:
        assert load.stdout is not None
        meter.helpers = (load.pid,)
        for line in load.stdout:
            if line.startswith(BEGIN):
                meter.start()
            elif line.startswith(END):
                meter.stop()
            said += line
    done = _count(said)
    if not done or _data(said) < done * ask.answer:
        raise LoadError(f"no good exchange in {seconds:g} s: {' '.join(said.split())[:400]}")
    return Closed(exchanges=done, seconds=meter.seconds)


def _count(said: str) -> int:
    """How many answers came, by h2load's own account, all of them good ones."""
    requests, statuses = REQUESTS.search(said), STATUSES.search(said)
    if requests is None or statuses is None:
        raise LoadError(f"h2load said: {' '.join(said.split())[-400:] or 'nothing'}")
    done, succeeded, *lost = (int(word) for word in requests.groups())
    if done != succeeded or any(lost) or any(int(word) for word in statuses.groups()):
        raise LoadError(f"{requests[0]}; {statuses[0]}")
    return done


def _data(said: str) -> int:
    """Bytes of bodies that came, those of a time to get warm included."""
    data = DATA.search(said)
    return int(data[1]) if data else 0


@contextmanager
def _run(
    port: int, ask: Ask, shape: Shape, folder: Path, *more: str
) -> Iterator[subprocess.Popen[str]]:
    """h2load at work, on the cores of this process; ended with the block at the latest."""
    program = find()
    if program is None:
        raise LoadError(f"h2load is not installed: {PACKAGE} of Debian, scripts/install-system")
    arguments = [program, *_arguments(port, ask, shape, folder), *more]
    load = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    with load:
        try:
            yield load
        finally:
            load.kill()


def _arguments(port: int, ask: Ask, shape: Shape, folder: Path) -> list[str]:
    urls = [f"https://{HOST.decode()}{path}" for path in ask.paths]
    arguments = [
        f"--connect-to=127.0.0.1:{port}",
        "--npn-list=h2",
        f"--tls13-ciphers={CIPHER}",
        f"--groups={GROUP.upper()}",
        f"--connection-inactivity-timeout={PATIENCE}",
        f"--clients={shape.connections}",
        f"--max-concurrent-streams={shape.streams}",
        *(f"--header={field}" for field in ask.fields),
    ]
    if ask.body is not None:
        arguments.append(f"--data={_written(folder, ask.body)}")
    if len(urls) == 1:
        return [*arguments, urls[0]]
    return [*arguments, f"--input-file={_written(folder, chr(10).join(urls).encode())}"]


def _written(folder: Path, content: bytes) -> Path:
    """A file with this content, made once a run."""
    file = folder / f"{len(content)}-{hash(content):x}"
    if not file.exists():
        file.write_bytes(content)
    return file


def _ms(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
