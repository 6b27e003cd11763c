"""Spans on their way to the collector, so that serving never waits for it.

A thread of its own sends them. What waits is bounded, and so is what the thread takes of the
processor; what does not fit is lost and counted, and the operator is told once when it begins and
once when it is over.
"""

import threading
from collections.abc import Callable, Sequence

from porch import clock
from porch.observe.spans import Span

__all__ = ["BATCH", "CLOSE_PATIENCE", "GATHER", "ROOM", "SHARE", "Send", "SpanQueue"]

Send = Callable[[Sequence[Span]], str]
"""Sends them, and waits until they are there. What is wrong, or ""; it never raises."""

ROOM = 4096
"""Spans that may wait: about 8 MB."""
BATCH = 128
"""Spans of one request to the collector: 512 at once, as is usual, would hold the interpreter for
several slices."""
GATHER = 0.5
"""Seconds that the first of a batch waits for others."""
SHARE = 0.2
"""Of a core, at most, for the thread."""
CLOSE_PATIENCE = 1.0
"""Seconds that `wait` gives to what is still to leave."""


class SpanQueue:
    """lost: spans that never arrived. The thread starts with the first ones."""

    def __init__(self, name: str, begin: Callable[[], Send], say: Callable[[str], None]) -> None:
        """name: of the collector, for the operator. begin: makes what sends, in the thread.
        say: tells the operator something; never called by the thread."""
        self.name = name
        self.lost = 0
        self._begin = begin
        self._say = say
        self._waiting: list[Span] = []
        self._sending = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._trouble = ""
        self._told = False
        self._lost_before = 0

    def __repr__(self) -> str:
        return f"<SpanQueue {self.name} {len(self._waiting)} waiting, {self.lost} lost>"

    @property
    def has_room(self) -> bool:
        """Whether it is worth while to make more."""
        return len(self._waiting) < ROOM and not self._closing

    def put(self, spans: Sequence[Span]) -> None:
        """Take them, or lose them. Never waits, never raises."""
        with self._changed:
            if len(self._waiting) + len(spans) > ROOM or self._closing:
                self.lost += len(spans)
                return
            is_first = not self._waiting
            self._waiting += spans
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="porch traces", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no thread can be had now; the next ones try again
                    return
                self._thread = thread
            if is_first or len(self._waiting) >= BATCH:
                self._changed.notify_all()

    def lose(self, spans: int) -> None:
        """So many were not even made."""
        self.lost += spans

    def tell(self) -> None:
        """Say what is wrong, once, and when it is over. Called every now and then."""
        if self.lost > self._lost_before and not self._told:
            self._told = True
            self._say(
                f"{self.name}: {self._trouble or 'spans are taken too slowly; lower traces.ratio'};"
                f" up to {ROOM} wait, the others are lost"
            )
        elif self._told and not self._trouble and len(self._waiting) <= ROOM // 2:
            self._told = False
            lost, self._lost_before = self.lost - self._lost_before, self.lost
            self._say(f"{self.name}: spans are taken again; {lost} were lost")

    def close(self) -> None:
        """Send what waits, and end; nobody waits for that here. What comes behind it is lost."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def wait(self) -> None:
        """Until all have left, behind `close`, for CLOSE_PATIENCE at most."""
        thread = self._thread
        if thread is not None:
            thread.join(CLOSE_PATIENCE)
        with self._changed:
            self.lost += len(self._waiting) + self._sending
            self._waiting.clear()
            self._sending = 0
        if self.lost > self._lost_before:
            self._say(f"{self.name}: {self.lost - self._lost_before} spans were lost")
            self._lost_before = self.lost

    # --- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            send = self._begin()
        except Exception as error:  # what it is made with is not all there
            trouble = f"{type(error).__name__}: {error}"
            send = lambda _: trouble  # noqa: E731
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if not self._closing and len(self._waiting) < BATCH:
                    self._changed.wait(GATHER)
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                self._sending = len(batch)
            if batch:
                self._send(send, batch)
            elif self._closing:
                return

    def _send(self, send: Send, batch: Sequence[Span]) -> None:
        began = clock.cpu()
        trouble = send(batch)
        spent = clock.cpu() - began
        with self._changed:
            self._trouble = trouble
            if trouble:
                self.lost += self._sending
                if self._closing:  # there is no time to try further ones
                    self.lost += len(self._waiting)
                    self._waiting.clear()
            self._sending = 0
            if not self._closing:
                self._changed.wait_for(lambda: self._closing, spent / SHARE - spent)
