"""Lines on a socket, and what happens where nobody takes them."""

import errno
import socket
from contextlib import suppress

import pytest

from porch.observe.sink import Sink
from porch.observe.wire import Wire


def message(line: bytes) -> bytes:
    return b"<%b>" % line


def fill(wire: Wire, line: bytes) -> int:
    """Send it until the receiver is full; how often it was gone."""
    gone = 0
    with suppress(BlockingIOError):
        while True:
            gone += bool(wire.send(line, 0))
    return gone


def never_long(to: socket.socket, text: bytes) -> None:
    raise AssertionError(text)


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_line_is_a_message(pair):
    ours, theirs = pair
    wire = Wire("x", lambda: ours, message, never_long)
    lines = b"one\ntwo\n"
    assert wire.fileno() == -1
    assert wire.send(lines, 0) == 4
    assert wire.send(lines, 4) == 4
    assert wire.fileno() == ours.fileno()
    assert [theirs.recv(99), theirs.recv(99)] == [b"<one>", b"<two>"]
    wire.close()
    assert repr(wire) == "<Wire x closed>"


def test_a_receiver_that_is_slow_is_waited_for_and_gets_each_line_once(pair):
    ours, theirs = pair
    wire = Wire("x", lambda: ours, message, never_long)
    sent = fill(wire, b"line\n")
    assert sent
    for _ in range(sent):
        assert theirs.recv(99) == b"<line>"
    assert wire.send(b"line\n", 0) == 5
    assert theirs.recv(99) == b"<line>"
    wire.close()


def test_what_is_too_long_goes_another_way(pair):
    ours, theirs = pair
    wire = Wire("x", lambda: ours, message, lambda to, text: to.send(text[:5]) and None)
    line = b"a" * 10_000_000
    assert wire.send(line + b"\n", 0) == len(line) + 1
    assert theirs.recv(99) == b"<aaaa"
    wire.close()


def test_a_stream_goes_out_in_parts():
    ours, theirs = socket.socketpair()
    with theirs:
        wire = Wire("x", lambda: ours, message, never_long, is_stream=True)
        line = b"a" * 1_000_000
        got, gone = b"", 0
        while not gone:
            try:
                gone = wire.send(line + b"\n", 0)
            except BlockingIOError:
                got += theirs.recv(65536)
        wire.close()
        while data := theirs.recv(65536):
            got += data
    assert got == b"<%b>" % line


def test_a_stream_whose_other_end_has_closed_is_opened_anew_before_a_line_is_lost():
    pairs = [socket.socketpair() for _ in range(2)]
    ours = iter([each[0] for each in pairs])
    wire = Wire("x", lambda: next(ours), message, never_long, is_stream=True)
    wire.send(b"one\n", 0)
    pairs[0][1].close()
    assert wire.send(b"two\n", 0) == 4
    assert pairs[1][1].recv(99) == b"<two>"
    wire.close()
    pairs[1][1].close()


def test_a_line_that_broke_off_is_sent_whole_on_the_next_connection():
    pairs = [socket.socketpair() for _ in range(2)]
    ours = iter([each[0] for each in pairs])
    wire = Wire("x", lambda: next(ours), message, never_long, is_stream=True)
    line = b"a" * 1_000_000 + b"\n"
    assert fill(wire, line) == 0
    pairs[0][1].close()
    with pytest.raises(OSError, match=r"pipe|reset"):
        wire.send(line, 0)
    assert fill(wire, line) == 0
    assert pairs[1][1].recv(2) == b"<a"
    wire.close()
    pairs[1][1].close()


def test_nobody_there_is_said_and_lines_that_find_no_room_are_counted():
    def connect() -> socket.socket:
        raise OSError(errno.ENOENT, "No such file or directory")

    said: list[str] = []
    sink = Sink(Wire("syslog", connect, message, never_long), say=said.append, backlog=1000)
    while not said:
        sink.write(b"line\n")
    assert not sink.is_terminal
    sink.close()
    assert said[0].startswith("syslog: ")
    assert said[-1] == f"syslog: {sink.lost} log lines were lost"
    assert sink.lost
