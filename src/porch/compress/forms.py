"""Forms: coded bodies of stored answers, so that one which is asked for often is coded once.

A form is found by the name of the very bytes that it stands for. One that is used again and again
is made anew with the highest effort, in a thread beside the loop that has the lowest priority; once
for all workers, where there is a FormShelf.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

from porch.compress.coder import HOT, Coder

__all__ = ["BEST", "LARGEST", "ROOM", "USES", "FormShelf", "Forms"]

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


class FormShelf(Protocol):
    """Where all workers find what was made with the highest effort (cache/coded.py)."""

    def get(self, name: bytes, coding: bytes) -> bytes | None:
        """The coded body; None where there is none."""

    def make(self, name: bytes, coding: bytes, work: Callable[[], bytes]) -> bytes | None:
        """The same, made by `work` if nobody has; None where another worker makes it just now. For
        the thread beside the loop."""


class Form:
    """data: b"" where the plain body is the shorter one. uses: since it was made."""

    __slots__ = ("data", "plain_size", "uses")

    def __init__(self, data: bytes, plain_size: int) -> None:
        self.data = data
        self.plain_size = plain_size
        self.uses = 0


class Forms:
    """Of a worker. shelf: of all; None where each has its own alone."""

    def __init__(self) -> None:
        self.shelf: FormShelf | None = None
        self._forms: dict[Key, Form] = {}
        self._size = 0
        self._jobs: deque[tuple[Key, Form, Coder]] = deque()
        self._done: deque[tuple[Key, Form, bytes]] = deque()
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"<Forms {len(self._forms)}, {self._size} bytes, {len(self._jobs)} to be made anew>"

    def get(self, name: bytes, coder: Coder, plain_size: int) -> bytes | None:
        """The coded body; b"" where there is none that is shorter, None where nobody knows."""
        key = name, coder.name
        form = self._forms.pop(key, None)
        if form is None:
            return self._fetch(key, coder, plain_size)
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

    def _fetch(self, key: Key, coder: Coder, plain_size: int) -> bytes | None:
        """What another worker has made, or one before a restart. It is the best already."""
        if self.shelf is None or plain_size > BEST:
            return None
        data = self.shelf.get(*key)
        if data is not None:
            self.keep(key[0], coder, data, plain_size)
            if key in self._forms:
                self._forms[key].uses = USES
        return data

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
            work = partial(_best, form, coder)
            with suppress(Exception):
                data = work() if self.shelf is None else self.shelf.make(*key, work)
                if data is None:
                    form.uses = 0  # look again when it has been used as often once more
                else:
                    self._done.append((key, form, data))

    def _take(self) -> None:
        """What has been made meanwhile, where it is shorter and still of use."""
        while self._done:
            key, form, data = self._done.popleft()
            if self._forms.get(key) is form and len(data) < len(form.data):
                self._size += len(data) - len(form.data)
                form.data = data


def _best(form: Form, coder: Coder) -> bytes:
    """The same body with the highest effort, or as it is where that is shorter."""
    made = coder.whole(coder.plain(form.data), HOT)
    return made if len(made) < len(form.data) else form.data
