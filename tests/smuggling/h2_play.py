"""One case of the corpus for HTTP/2 played: its frames by TLS to a real door, the origin's bytes.

Before the origin's record is read, the request behind the case has been answered on its connection:
what the door had to send on before it has arrived then.
"""

import asyncio
import ssl
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.smuggling.h2_case import BASIC, Answered, BrokenOff, H2Case, Reset, Sent
from tests.smuggling.origin import Origin
from tests.smuggling.proxies import Arguments
from tests.support import h2_frames as wire
from tests.support.handshake import client, files

__all__ = ["Outcome", "judge", "play", "secured_door"]

PATIENCE = 5.0
"""Seconds without a frame after which nothing more is expected."""
BEHIND = Sent(line=b"GET /behind")
BEHIND_FRAMES = wire.headers(
    3, [(name, b"/behind" if name == b":path" else value) for name, value in BASIC]
)


def secured_door(folder: Path, port: int, origin: int) -> Arguments:
    """The configuration of a door by TLS, see proxies.OTHERS."""
    cert, key = files(folder, "a.test")
    file = folder / "porch.toml"
    file.write_text(
        f'listen  = ["https://127.0.0.1:{port}"]\nrequest_id = false\n'
        "workers = 1\n\n"
        f'[routes]\n"*" = "127.0.0.1:{origin}"\n"*/admin/*" = "respond:403"\n\n'
        f'[site."a.test"]\ncert = "{cert}"\nkey = "{key}"\n',
        encoding="utf-8",
    )
    return [sys.executable, "-m", "porch", "run", str(file)]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """statuses, bodies, resets: by stream. goaway: the code of one, -1 without. got: by the origin,
    all connections. whole: the targets of the whole requests there."""

    statuses: dict[int, int] = field(default_factory=dict)
    bodies: dict[int, bytes] = field(default_factory=dict)
    resets: dict[int, int] = field(default_factory=dict)
    goaway: int = -1
    got: bytes = b""
    whole: list[bytes] = field(default_factory=list)

    def take(self, frame: wire.Frame) -> None:
        """One frame of the door's."""
        if frame.kind == wire.HEADERS and frame.status >= 200:
            self.statuses[frame.stream] = frame.status
        elif frame.kind == wire.DATA:
            self.bodies[frame.stream] = self.bodies.get(frame.stream, b"") + frame.payload
        elif frame.kind == wire.RESET:
            self.resets[frame.stream] = frame.code
        elif frame.kind == wire.GOAWAY:
            self.goaway = frame.code


async def play(case: H2Case, port: int, origin: Origin) -> Outcome:
    """Send the case and the request behind it, until both have come to an end."""
    origin.begin(early=False, piecemeal=False)
    context: ssl.SSLContext = client("a.test", "h2")
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="a.test"
    )
    outcome = Outcome()
    frames = wire.Frames()
    open_streams = {1, 3}
    writer.write(wire.PREFACE + case.frames + BEHIND_FRAMES)
    while open_streams:
        async with asyncio.timeout(PATIENCE):
            data = await reader.read(65536)
        if not data:
            break
        for frame in frames.read(data):
            outcome.take(frame)
            if frame.ends or frame.kind == wire.RESET:
                open_streams.discard(frame.stream)
    writer.close()
    for connection in origin.connections:
        outcome.got += connection.got
        outcome.whole += [request.target for request in connection.requests]
    return outcome


def judge(case: H2Case, outcome: Outcome, port: int) -> None:
    """Assert that the case has come to what it should."""
    fate = case.fate
    behind = BEHIND.wire(port)
    assert outcome.goaway == -1
    assert outcome.bodies.get(3) == b"GET /behind", outcome
    assert outcome.got.count(behind) == 1, outcome.got
    got = outcome.got.replace(behind, b"", 1)
    if isinstance(fate, BrokenOff):
        assert outcome.resets.get(1) == 1, outcome
        assert set(outcome.whole) == {b"/behind"}, outcome.whole
        assert b"/smuggled" not in got
        return
    if isinstance(fate, Sent):
        assert got == fate.wire(port)
        assert outcome.statuses.get(1) == 200, outcome
        assert outcome.bodies[1] == b" ".join(fate.line.split(b" ")[:2])
        return
    assert got == b""
    if isinstance(fate, Reset):
        assert (outcome.resets.get(1), outcome.statuses.get(1)) == (fate.code, None)
    else:
        assert isinstance(fate, Answered)
        assert outcome.statuses.get(1) == fate.status, outcome
