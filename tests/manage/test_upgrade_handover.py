"""What one version hands to the next."""

import json
import os
import socket
import sys

import pytest

from porch.listen.address import ListenAddress
from porch.manage import upgrade
from porch.manage.columns import COLUMNS, rows_for
from porch.manage.loop import Loop
from porch.manage.upgrade import FORMAT, TRIAL, Handover, Trial, command, listening_words, tried
from porch.shared import SharedTable

ADDRESS = ListenAddress(host="127.0.0.1", port=0)


def test_what_is_given_is_what_is_taken_with_its_descriptors_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        words_of_it = listening_words({ADDRESS: [sock]})
        number = words_of_it[0][1][0] = os.dup(sock.fileno())  # an exec would drop `sock`
        given = Handover(since=5.0, listening=words_of_it, history={})
        words = given.give()
        assert os.get_inheritable(number)
        taken = Handover.take(words)
        assert taken is not None
        assert words == {}
        (found,) = taken.sockets[ADDRESS]
        assert found.getsockname()[1] == port
        assert not os.get_inheritable(found.fileno())
        assert taken.since == 5.0
        found.close()


def test_the_counts_go_on_or_start_anew_where_the_table_is_another() -> None:
    table = SharedTable(rows_for(2), COLUMNS)
    table.rows[1][0] = 7
    shape = (rows_for(2), COLUMNS)

    def given(shape: tuple[int, int], workers: int) -> SharedTable | None:
        number = os.dup(table.descriptor)
        return Handover(since=0, listening=[], table=number, table_shape=shape).counts(workers)

    found = given(shape, 2)
    assert found is not None
    assert found.rows[1][0] == 7
    assert given((shape[0], 99), 2) is None
    assert given(shape, 1000) is None
    assert Handover(since=0, listening=[]).counts(1) is None


def test_an_ordinary_start_takes_nothing() -> None:
    assert Handover.take({}) is None
    assert tried({}) is None


def test_a_trial_knows_what_is_held_and_refuses_another_format() -> None:
    question = {"format": FORMAT, "held": [{"host": "127.0.0.1", "port": 80}]}
    held = tried({TRIAL: json.dumps(question)})
    assert held == [ListenAddress(host="127.0.0.1", port=80)]
    with pytest.raises(ValueError, match="stop the door and start it anew"):
        tried({TRIAL: json.dumps(question | {"format": FORMAT + 1})})


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("pass", ""),
        ("raise SystemExit('no good')", "no good"),
        ("raise SystemExit(3)", "it ended with code 3"),
    ],
)
def test_a_trial_tells_what_stands_in_the_way(
    program: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade, "command", lambda: [sys.executable, "-c", program])
    loop = Loop()
    found: list[str] = []

    def end(text: str) -> None:
        found.append(text)
        loop.stop()

    Trial(loop, [], end)
    loop.run()
    loop.close()
    assert found == [reason]


def test_the_same_words_start_the_new_version() -> None:
    assert command()[0] == sys.executable
