"""The supervisor's side of the observer, with a real process behind it."""

import os
import signal
import threading
import time
import urllib.request
from typing import Any

import pytest

from porch.config.administering import Administered, administered
from porch.config.load import load_mapping
from porch.listen.address import ListenAddress
from porch.manage import observing as module
from porch.manage.candidate import Candidate
from porch.manage.channel import Channel
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from porch.manage.loop import Loop
from porch.manage.observer import Served
from porch.manage.observing import MOST, Observing
from porch.manage.page.drawing import Drawing
from tests.manage.test_observer_pages import FACTS

HERE = ListenAddress(host="127.0.0.1")


class Told:
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def tell(self, text: str, level: str) -> None:
        assert level == "error"
        self.warnings.append(text)


class Made:
    def __init__(self) -> None:
        words = {"listen": ":80", "metrics": "127.0.0.1:0", "routes": {"*": "a:1"}}
        candidate = Candidate.examine(load_mapping(words))
        assert candidate is not None
        self.listening = Listening()
        self.loop = Loop()
        self.told: Any = Told()
        self.in_force = InForce(candidate, Listening(), {}, self.listening)
        self.operated: list[Any] = []
        self.refused: list[Any] = []
        self.left: list[str] = []
        self.far: list[Channel] = []
        self.observing = Observing(
            self.loop,
            self.in_force,
            self.told,
            lambda: FACTS,
            lambda known: Drawing(revision=known, plan=None, now={}, workers=[]),
            self.loop.close,
            self.operate,
            lambda *refused: self.refused.append(refused),
        )

    def operate(self, *asked: Any) -> Any:
        self.operated.append(asked)
        return lambda: self.left.append(asked[0])

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
    for each in found.far:
        each.close()
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
        assert pid > 0
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
        "metrics and admin are not served: Resource temporarily unavailable; tried again"
    ]
    monkeypatch.undo()
    made.observing.look()
    assert made.answers()


class Far:
    """The observer's end of the channel, in this process."""

    def __init__(self, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
        ours, self.channel = Channel.pair()
        made.far.append(self.channel)
        self.pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})  # one that may be ended
        monkeypatch.setattr("porch.manage.observing.fork_to", lambda run, leave: (self.pid, ours))
        made.listening.open([HERE], 1)
        made.observing.look()
        self.made = made

    def heard(self) -> list[Any]:
        """What has come, without descriptors."""
        self.made.loop.turns(0.0)
        found = self.channel.receive()
        for each in found:
            for number in each.descriptors:
                os.close(number)
        return [(each.word, each.data, len(each.descriptors)) for each in found]


def admin_of(**words: Any) -> Administered:
    tokens = {"ann": "x" * 32}
    loaded = load_mapping(
        {"routes": {"*": "a:1"}, "admin": {"listen": "127.0.0.1:0", "tokens": tokens} | words}
    )
    found = administered(loaded)
    assert found is not None
    return found


def test_what_is_to_be_served_is_told_with_its_sockets_and_again_when_it_is_other(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Far(made, monkeypatch)
    assert far.heard() == [("serve", Served((HERE,)), 1)]
    made.observing.look()
    assert far.heard() == [], "nothing is other than before"
    made.in_force.candidate.metrics = ()
    made.in_force.candidate.admin = admin_of()
    made.observing.look()
    assert far.heard() == [("serve", Served((), admin_of()), 1)]
    made.in_force.candidate.admin = admin_of(read_only=True)
    made.observing.look()
    assert far.heard() == [("serve", Served((), admin_of(read_only=True)), 1)]
    assert made.observing.pid == far.pid, "it is the same process"


def test_an_operation_is_carried_out_and_its_answer_goes_back_with_its_number(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Far(made, monkeypatch)
    far.heard()
    far.channel.send("operate", (7, "drain", {"endpoint": "a:1"}, "ann by token", (), 1))
    made.loop.turns(0.0)
    ((*asked, reply),) = made.operated
    assert asked == ["drain", {"endpoint": "a:1"}, "ann by token", ()]
    reply(200, {"drained": []}, '"1-2"')
    assert far.heard() == [("operated", (7, 200, {"drained": []}, '"1-2"'), 0)]


def test_no_file_of_the_machine_is_read_for_who_has_taken_it_over(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Far(made, monkeypatch)
    far.heard()
    words = {"route": "*", "on": True, "page": "/etc/shadow"}
    far.channel.send("operate", (7, "maintenance", words, "ann by token", (), 1))
    ((word, (number, status, answer, _), _),) = far.heard()
    assert (word, number, status) == ("operated", 7, 403)
    assert "'page' names a file" in answer["error"]
    assert made.operated == []


def test_what_was_let_in_by_rules_of_before_is_not_carried_out(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Far(made, monkeypatch)
    far.heard()
    made.in_force.candidate.admin = admin_of(read_only=True)
    far.channel.send("operate", (1, "drain", {}, "ann", (), 1))
    ((word, served, _),) = far.heard()
    assert (word, served) == ("serve", Served((HERE,), admin_of(read_only=True)))
    assert served.generation == 2, "it is told of them now"
    ((_, told, _),) = far.heard()
    assert told[:2] == (1, 503)
    assert "nothing was done; ask again" in told[2]["error"]
    far.channel.send("operate", (2, "drain", {}, "ann", (), 1))
    assert far.heard()[0][1][:2] == (2, 503), "it was sent before they came"
    assert made.operated == []
    far.channel.send("operate", (3, "drain", {}, "ann", (), 2))
    assert far.heard() == []
    assert len(made.operated) == 1


def test_no_more_are_under_way_than_the_supervisor_wants(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Far(made, monkeypatch)
    far.heard()
    for number in range(MOST + 1):
        far.channel.send("operate", (number, "reload", {}, "ann", (), 1))
        made.loop.turns(0.0)
    assert len(made.operated) == MOST
    ((word, (number, status, _, _), _),) = far.heard()
    assert (word, number, status) == ("operated", MOST, 503)
    made.operated[0][-1](200, {}, "")
    far.channel.send("operate", (99, "reload", {}, "ann", (), 1))
    made.loop.turns(0.0)
    assert len(made.operated) == MOST + 1


def test_before_another_version_takes_over_all_who_wait_are_told(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FINISH", 0.05)
    far = Far(made, monkeypatch)
    far.heard()
    for number, name in ((1, "upgrade"), (2, "drain"), (3, "reload")):
        far.channel.send("operate", (number, name, {}, "ann", (), 1))
        made.loop.turns(0.0)
    made.operated[2][-1](200, {}, "")
    made.observing.hand_over()
    heard = far.channel.receive()
    assert [each.word for each in heard] == ["operated", "operated", "operated", "finish"]
    told = [each.data[:2] for each in heard[:3]]
    assert told == [(3, 200), (1, 202), (2, 503)]
    with pytest.raises(ProcessLookupError):
        os.kill(far.pid, 0)


def test_who_has_told_them_is_not_waited_for_and_where_nobody_waits_nor_is_anybody(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FINISH", 60.0)
    far = Far(made, monkeypatch)
    far.channel.send("operate", (1, "upgrade", {}, "ann", (), 1))
    made.loop.turns(0.0)
    far.channel.close()
    began = time.monotonic()
    made.observing.hand_over()
    other = Far(made, monkeypatch)
    made.observing.hand_over()
    assert other.channel.receive()[0].word == "serve"
    with pytest.raises(EOFError):
        other.channel.receive()
    assert time.monotonic() - began < 30


def test_of_who_has_left_the_operation_is_told_and_the_place_is_free(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Far(made, monkeypatch)
    far.heard()
    for number, name in enumerate(("drain", "renew")):
        far.channel.send("operate", (number, name, {}, "ann", (), 1))
    far.channel.send("left", 0)
    far.channel.send("left", 0)
    far.channel.send("left", 99)
    made.loop.turns(0.0)
    assert made.left == ["drain"]
    made.operated[1][-1](200, {}, "")
    far.channel.send("left", 1)
    made.loop.turns(0.0)
    assert made.left == ["drain"], "it was answered"
    far.channel.send("operate", (2, "reload", {}, "ann", (), 1))
    made.loop.turns(0.0)
    made.observing.close()
    assert made.left == ["drain", "reload"], "nobody there waits for it"


def test_who_has_ended_meanwhile_is_not_answered_and_his_successor_neither(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Far(made, monkeypatch)
    far.channel.send("operate", (1, "reload", {}, "ann", (), 1))
    made.loop.turns(0.0)
    made.observing.close()
    made.listening.close([HERE])
    other = Far(made, monkeypatch)
    other.heard()
    made.operated[0][-1](200, {}, "")
    assert other.heard() == []


@pytest.mark.parametrize(
    "words",
    [
        (1, "drain", {}, "ann", ()),
        (1, "drain", {}, b"ann", (), 1),
        (1, "drain", {}, {"ann"}, (), 1),
        (1, ["drain"], {}, "ann", (), 1),
        (1, "drain", ["endpoint"], "ann", (), 1),
        (1, "drain", {}, "ann", (7,), 1),
        ("1", "drain", {}, "ann", (), 1),
        (1, "drain", {}, "ann", (), "1"),
        None,
    ],
)
def test_what_no_audit_could_be_written_of_is_not_done(
    made: Made, monkeypatch: pytest.MonkeyPatch, words: object
) -> None:
    far = Far(made, monkeypatch)
    far.heard()
    far.channel.send("operate", words)
    far.channel.send("operate", (2, "drain", {}, "ann", (), 1))
    made.loop.turns(0.0)
    assert [each[0] for each in made.operated] == ["drain"]
    assert not made.told.warnings


def test_one_that_sends_what_is_no_message_is_ended(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Far(made, monkeypatch)
    far.heard()
    far.channel.send(os.fspath)  # type: ignore[arg-type]
    made.loop.turns(0.0)
    found = os.waitid(os.P_PID, far.pid, os.WEXITED | os.WNOWAIT)
    assert found is not None
    assert found.si_status == signal.SIGKILL
    made.observing.reap()
    (warning,) = made.told.warnings
    assert "is ended: what it sends is no message of its own" in warning


def test_what_the_admin_door_has_refused_is_told_on_if_it_can_be_written_down(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Far(made, monkeypatch)
    far.heard()
    for words in (
        ("stop", "rob", "rob may not", 3),
        ("no operation", "rob", "rob may not", 1),
        ("stop", b"rob", "rob may not", 1),
        ("stop", "rob", "rob may not", 0),
        None,
    ):
        far.channel.send("refused", words)
    made.loop.turns(0.0)
    ((refusal, times),) = made.refused
    assert (refusal.what, refusal.who, refusal.error, times) == ("stop", "rob", "rob may not", 3)


def test_a_message_that_meets_a_fault_loses_none_of_those_behind_it(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    far, faults = Far(made, monkeypatch), list[Exception]()
    made.loop.on_fault = faults.append
    far.heard()
    far.channel.send("operate", (1, "drain", {}, "ann", (), 1))
    far.channel.send("left", {})
    far.channel.send("operate", (2, "reload", {}, "ann", (), 1))
    made.loop.turns(0.0)
    assert [each[0] for each in made.operated] == ["drain", "reload"]
    assert [type(each) for each in faults] == [TypeError]
