"""Forms: coded bodies of stored answers, so that one which is asked for often is coded once.

A form is found by the name of the very bytes that it stands for. One that is used again and again
is made anew with the highest effort, in a thread beside the loop that has the lowest priority.
"""

import os
import threading
from collections import deque
from contextlib import suppress

from porch.compress.coder import HOT, Coder

__all__ = ["BEST", "LARGEST", "ROOM", "USES", "Forms"]

ROOM = 32 << 20
"""Bytes of forms that a worker keeps; what was not used for longest goes."""
LARGEST = 4 << 20
"""Bytes of one form."""
BEST = 1 << 20
"""Bytes of a plain body that is made anew with the highest effort: brotli takes a second for it."""
USES = 8
"""How often a form is used before it is worth that."""
WAITING = 64
"""Forms that may wait for the thread."""
_OVERHEAD = 400
_IDLE_PRIORITY = 19

Key = tuple[bytes, bytes]
"""Name of the bytes, and the coding."""


class Form:
    """data: b"" where the plain body is the shorter one. uses: since it was made."""

    __slots__ = ("data", "plain_size", "uses")

    def __init__(self, data: bytes, plain_size: int) -> None:
        self.data = data
        self.plain_size = plain_size
        self.uses = 0


class Forms:
    """Of a worker."""

    def __init__(self) -> None:
        self._forms: dict[Key, Form] = {}
        self._size = 0
        self._jobs: deque[tuple[Key, Form, Coder]] = deque()
        self._done: deque[tuple[Key, Form, bytes]] = deque()
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"<Forms {len(self._forms)}, {self._size} bytes, {len(self._jobs)} to be made anew>"

    def get(self, name: bytes, coder: Coder) -> bytes | None:
        """The coded body; b"" where there is none that is shorter, None where nobody knows."""
        key = name, coder.name
        form = self._forms.pop(key, None)
        if form is None:
            return None
        self._forms[key] = form  # the latest is the last
        form.uses += 1
        if self._done:
            self._take()
        if form.uses == USES and form.plain_size <= BEST and len(self._jobs) < WAITING:
            self._jobs.append((key, form, coder))
            self._start()
        return form.data

    def keep(self, name: bytes, coder: Coder, data: bytes, plain_size: int) -> None:
        """The coded body of that name. data: b"" for none that is shorter."""
        if len(data) > LARGEST:
            return
        key = name, coder.name
        self._drop(key)
        self._forms[key] = Form(data, plain_size)
        self._size += len(data) + _OVERHEAD
        while self._size > ROOM:
            self._drop(next(iter(self._forms)))

    def _drop(self, key: Key) -> None:
        form = self._forms.pop(key, None)
        if form is not None:
            self._size -= len(form.data) + _OVERHEAD

    # --- beside the loop -------------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            # Not waited for where the process ends.
            self._thread = threading.Thread(target=self._work, name="compress", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        """In the thread: all that is to be made anew. What fails stays as it is."""
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _IDLE_PRIORITY)
        while self._jobs:
            key, form, coder = self._jobs.popleft()
            with suppress(Exception):
                self._done.append((key, form, coder.whole(coder.plain(form.data), HOT)))

    def _take(self) -> None:
        """What has been made meanwhile, where it is shorter and still of use."""
        while self._done:
            key, form, data = self._done.popleft()
            if self._forms.get(key) is form and len(data) < len(form.data):
                self._size += len(data) - len(form.data)
                form.data = data
