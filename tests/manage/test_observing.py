"""The supervisor's side of the observer, with a real process behind it."""

import os
import signal
import threading
import time
import urllib.request
from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.listen.address import ListenAddress
from porch.manage.candidate import Candidate
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from porch.manage.loop import Loop
from porch.manage.observing import Observing
from porch.manage.page.drawing import Drawing
from tests.manage.test_observer_pages import FACTS

HERE = ListenAddress(host="127.0.0.1")


class Told:
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


class Made:
    def __init__(self) -> None:
        candidate = Candidate.examine(load_mapping({"listen": ":80", "routes": {"*": "a:1"}}))
        assert candidate is not None
        self.listening = Listening()
        self.loop = Loop()
        self.told: Any = Told()
        in_force = InForce(candidate, Listening(), {}, self.listening)
        self.observing = Observing(
            self.loop,
            in_force,
            self.told,
            lambda: FACTS,
            lambda known: Drawing(revision=known, plan=None, now={}, workers=[]),
            self.loop.close,
        )

    @property
    def port(self) -> int:
        ((sock,),) = self.listening.sockets.values()
        return int(sock.getsockname()[1])

    def answers(self) -> bool:
        """Whether it does, while the supervisor's loop turns."""
        found: list[int] = []

        def ask() -> None:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/livez", timeout=5) as got:
                found.append(got.status)

        thread = threading.Thread(target=ask)
        thread.start()
        until = time.monotonic() + 20
        while thread.is_alive() and time.monotonic() < until:
            self.loop.turns(0.01)
        return found == [200]


@pytest.fixture
def made() -> Any:
    found = Made()
    yield found
    found.observing.close()
    found.listening.close_all()
    found.loop.close()


def test_without_an_address_there_is_no_process(made: Made) -> None:
    made.observing.look()
    assert made.observing.pid == 0


def test_it_runs_where_an_address_asks_for_it_and_ends_when_that_is_gone(made: Made) -> None:
    made.listening.open([HERE], 1)
    made.observing.look()
    pid = made.observing.pid
    assert made.answers()
    made.observing.look()
    assert made.observing.pid == pid
    made.listening.close([HERE])
    made.observing.look()
    assert made.observing.pid == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_one_that_has_ended_is_said_once_and_replaced_at_the_next_look(made: Made) -> None:
    made.listening.open([HERE], 1)
    made.observing.look()
    for _ in range(2):
        pid = made.observing.pid
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        made.observing.reap()
        assert made.observing.pid == 0
        made.observing.look()
        assert made.observing.pid not in (0, pid)
    assert len(made.told.warnings) == 1
    assert made.answers()


def test_where_no_process_can_be_started_that_is_said_and_tried_again(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.listening.open([HERE], 1)

    def full(*_: object) -> Any:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("porch.manage.observing.fork_to", full)
    made.observing.look()
    assert made.told.warnings == [
        "metrics are not served: Resource temporarily unavailable; tried again"
    ]
    monkeypatch.undo()
    made.observing.look()
    assert made.answers()
