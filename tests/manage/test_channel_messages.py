"""Both ends in one process; the descriptors are real."""

import os
import pickle
import resource
import socket
import struct
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from porch.config.administering import Administered
from porch.listen.address import ListenAddress
from porch.manage.channel import LARGEST, SHORT, Channel, Message, NotData
from porch.manage.observer import Served
from porch.tls.certificate import Certificate, Pair


def count_open() -> int:
    return len(os.listdir("/proc/self/fd"))


def drained(into: Channel, out_of: Channel) -> list[tuple[str, object]]:
    """All messages, however full the sockets were."""
    found = []
    while True:
        into.flush()
        messages = out_of.receive()
        found += [(each.word, each.data) for each in messages]
        if not into.is_full and not messages:
            return found


def test_a_message_is_a_word_and_plain_data() -> None:
    one, other = Channel.pair()
    one.send("prepare", {"a": [1, 2]})
    one.send("commit")
    assert [(each.word, each.data) for each in other.receive()] == [
        ("prepare", {"a": [1, 2]}),
        ("commit", None),
    ]
    one.close()
    other.close()


def test_four_megabytes_never_wait_and_arrive_whole() -> None:
    one, other = Channel.pair()
    one.send("big", b"x" * 4_000_000)
    assert one.is_full
    one.send("behind")
    assert drained(one, other) == [("big", b"x" * 4_000_000), ("behind", None)]
    one.close()
    other.close()


def test_descriptors_come_with_their_message_and_none_is_left() -> None:
    before = count_open()
    one, other = Channel.pair()
    reading, writing = os.pipe()
    one.send("first", b"y" * 1_000_000)
    one.send("second", None, [writing])
    os.close(writing)  # the caller's to close, though it was not sent yet
    found = []
    while not found:
        one.flush()
        found = [each for each in other.receive() if each.word == "second"]
    (number,) = found[0].descriptors
    os.write(number, b"hi")
    assert os.read(reading, 2) == b"hi"
    for each in (number, reading):
        os.close(each)
    one.close()
    other.close()
    assert count_open() == before


def test_an_end_that_goes_is_an_end_for_the_other() -> None:
    before = count_open()
    one, other = Channel.pair()
    reading, writing = os.pipe()
    one.send("big", b"x" * 4_000_000)
    one.send("waits", None, [reading, writing])
    other.close()
    one.send("nobody")
    with pytest.raises(EOFError):
        one.receive()
    one.close()
    os.close(reading)
    os.close(writing)
    assert count_open() == before


def test_a_thousand_descriptors_come_with_their_message_in_order() -> None:
    one, other = Channel.pair()
    numbers = [os.memfd_create(str(number)) for number in range(1000)]
    one.send("many", None, numbers)
    one.send("next")
    messages = []
    while len(messages) < 2:
        one.flush()
        messages += other.receive()
    first, second = messages
    names = [os.readlink(f"/proc/self/fd/{each}") for each in first.descriptors]
    assert names == [f"/memfd:{number} (deleted)" for number in range(1000)]
    assert (second.word, second.descriptors) == ("next", ())
    for each in (*numbers, *first.descriptors):
        os.close(each)
    one.close()
    other.close()


def test_no_room_for_copies_leaves_none() -> None:
    one, other = Channel.pair()
    before = count_open()
    with pytest.raises(OSError, match="Bad file"):
        one.send("x", None, [1, 2, 999_999])
    assert count_open() == before
    one.close()
    other.close()


def test_what_finds_no_room_for_its_descriptors_is_told_and_the_next_is_whole() -> None:
    one, other = Channel.pair()
    numbers = [os.memfd_create(str(number)) for number in range(3)]
    one.send("hand over", None, numbers)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = count_open()
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(numbers) + 2, hard))
    try:
        (message,) = other.receive()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (message.word, message.data, message.descriptors) == (SHORT, "hand over", ())
    assert count_open() <= before  # the copies that waited are closed, and none came
    one.send("hand over", None, numbers)
    (message,) = other.receive()
    assert (message.word, len(message.descriptors)) == ("hand over", 3)
    for each in (*numbers, *message.descriptors):
        os.close(each)
    one.close()
    other.close()


class Runs:
    """What pickle would run when it is read."""

    def __init__(self, call: Any, *words: Any) -> None:
        self.made = call, words

    def __reduce__(self) -> Any:
        return self.made


NAMED = b"\x80\x04\x8c\x15porch.manage.channel\x94\x8c\x09os.system\x94\x93."


@pytest.mark.parametrize(
    "evil",
    [
        pickle.dumps(("word", Runs(os.system, "true"))),
        pickle.dumps(("word", Runs(os.unlink, "/nowhere"))),
        pickle.dumps(("word", Runs(getattr, Path, "unlink"))),
        pickle.dumps(("word", Runs(Channel.pair))),
        pickle.dumps(("word", Path.unlink)),
        pickle.dumps(("word", pickle.loads)),
        pickle.dumps(("word", Channel)),
        NAMED.replace(b"\x15", b"\x14"),
        b"not a pickle",
        b"",
        pickle.dumps("not a pair"),
        pickle.dumps((["not a word"], None)),
    ],
)
def test_nothing_that_comes_is_run_and_who_sends_it_is_as_good_as_gone(evil: bytes) -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    theirs.sendall(struct.pack("!IH", len(evil), 0) + evil)
    with pytest.raises(EOFError):
        channel.receive()
    channel.close()
    theirs.close()


def test_values_of_ours_come_as_they_were() -> None:
    one, other = Channel.pair()
    sent = {"a": Message("x", {1, 2}, ()), "b": [ip_network("10.0.0.0/8"), Path("/x"), 1.5, None]}
    one.send("word", sent)
    assert [each.data for each in other.receive()] == [sent]
    one.close()
    other.close()


def test_all_that_an_observer_is_told_to_serve_comes_as_it_was() -> None:
    one, other = Channel.pair()
    pair = Pair(chain=b"chain", key=b"key", cert_file=Path("/c"), key_file=Path("/k"))
    here = ListenAddress(host="127.0.0.1", port=1, tls=True)
    admin = Administered(
        listen=(here,), certificate=Certificate([pair]), client_ca=b"ca", clients={"ann": "all"}
    )
    served = Served((here,), admin, generation=3)
    one.send("serve", served)
    (found,) = [each.data for each in other.receive()]
    assert found.is_same(served)
    assert found.generation == 3
    assert found.admin.certificate.pairs == (pair,)
    one.close()
    other.close()


@pytest.mark.parametrize(("size", "is_taken"), [(LARGEST, True), (LARGEST + 1, False)])
def test_the_supervisor_waits_for_no_message_without_bound(size: int, is_taken: bool) -> None:
    """Whoever sends four gigabytes would have all of its memory."""
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    theirs.sendall(struct.pack("!IH", size, 0) + b"begun")
    if is_taken:
        assert channel.receive() == []
    else:
        with pytest.raises(NotData, match=f"a message of {size} bytes"):
            channel.receive()
    channel.close()
    theirs.close()


def test_nobody_can_have_the_supervisor_run_out_of_descriptors() -> None:
    one, other = Channel.pair()
    before = count_open()
    number = os.memfd_create("one")
    for _ in range(3):
        other.send("word", "data", [number] * 5)
        (message,) = one.receive()
        assert (message.word, message.data, message.descriptors) == (SHORT, "word", ())
    other.send("next", 7)
    assert [(each.word, each.data) for each in one.receive()] == [("next", 7)]
    os.close(number)
    assert count_open() == before
    one.close()
    other.close()
