"""Workshop: what all routes of a worker share that code: coders, the room for streams, forms of
what is asked for often, and the brake."""

from porch.compress.brake import Brake
from porch.compress.brotli import Brotli
from porch.compress.coder import FAST, Coder
from porch.compress.forms import Forms
from porch.compress.gzip import Gzip
from porch.compress.zstd import Zstd

__all__ = ["ROOM", "Workshop"]

ROOM = 64 << 20
"""Bytes of all streams of a worker that run at a time. Who finds no room is sent a plain answer."""


class Workshop:
    """coders: by name. used: bytes of the room. running: streams in it."""

    __slots__ = ("brake", "coders", "forms", "running", "used")

    def __init__(self) -> None:
        self.coders: dict[bytes, Coder] = {each.name: each for each in (Gzip(), Brotli(), Zstd())}
        self.brake = Brake()
        self.forms = Forms()
        self.used = 0
        self.running = 0

    def __repr__(self) -> str:
        return f"<Workshop {self.running} streams, {self.used} bytes>"

    def take(self, coder: Coder, effort: int) -> int | None:
        """Room for a stream: of this effort, or of FAST, or of none. Whoever has it gives it
        back."""
        for each in (effort, FAST):
            memory = coder.memory(each)
            if self.used + memory <= ROOM:
                self.used += memory
                self.running += 1
                return each
        return None

    def give(self, coder: Coder, effort: int) -> None:
        """The room of a stream that has ended."""
        self.used -= coder.memory(effort)
        self.running -= 1
