"""Entries of the journal, as it reads them: a receiver that decodes the protocol."""

import array
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch.observe.fields import Fields
from porch.observe.journal import journal
from porch.observe.json_lines import json_lines
from porch.observe.sink import Sink
from tests.support.ended import ended

Entry = list[tuple[str, bytes]]


class Journal:
    """A receiver. entry: the next one, its fields in order."""

    def __init__(self, place: Path) -> None:
        self.place = str(place)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.place)
        self._socket.settimeout(10)
        self.files = 0

    def entry(self) -> Entry:
        data, ancillary, _, _ = self._socket.recvmsg(1 << 20, 1024)
        for _level, _kind, content in ancillary:
            (descriptor,) = array.array("i", content)
            self.files += 1
            with pytest.raises(PermissionError):
                os.write(descriptor, b"x")  # sealed
            size = os.fstat(descriptor).st_size
            data = os.pread(descriptor, size, 0)
            os.close(descriptor)
        return [*decoded(data)]

    def close(self) -> None:
        self._socket.close()


def decoded(data: bytes) -> Iterator[tuple[str, bytes]]:
    """https://systemd.io/JOURNAL_NATIVE_PROTOCOL."""
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, is_plain, value = data[at:end].partition(b"=")
        at = end + 1
        if not is_plain:
            size = int.from_bytes(data[at : at + 8], "little")
            value = data[at + 8 : at + 8 + size]
            at += 8 + size
            assert data[at : at + 1] == b"\n"
            at += 1
        assert name.decode().replace("_", "").isalnum()
        assert name.decode() == name.decode().upper()
        assert len(name) <= 64
        yield name.decode(), value


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "journal")
    yield made
    made.close()


@pytest.fixture
def sink(receiver: Journal) -> Iterator[Sink]:
    made = Sink(journal(receiver.place))
    yield made
    made.close()


def test_a_line_is_the_message_of_an_entry(receiver: Journal, sink: Sink) -> None:
    sink.write(b'192.0.2.7 - - "GET / HTTP/1.1" 200\n{"not JSON\n')
    fields = [("PRIORITY", b"6"), ("SYSLOG_IDENTIFIER", b"porch")]
    assert receiver.entry() == [("MESSAGE", b'192.0.2.7 - - "GET / HTTP/1.1" 200'), *fields]
    assert receiver.entry() == [("MESSAGE", b'{"not JSON'), *fields]


def test_the_keys_of_json_are_fields_and_what_is_null_is_none(
    receiver: Journal, sink: Sink
) -> None:
    lines = json_lines([ended(), ended(status=503)])
    sink.write(lines)
    good, bad = dict(receiver.entry()), dict(receiver.entry())
    assert good["MESSAGE"] == lines.splitlines()[0]
    assert (good["PORCH_STATUS"], good["PORCH_ROUTE"]) == (b"200", b"example.com/*")
    assert good["PORCH_TOTAL_MS"] == b"12.1"
    assert "PORCH_REASON" not in good
    assert (good["PRIORITY"], bad["PRIORITY"]) == (b"6", b"4")


def test_a_value_makes_no_other_field_whatever_a_client_sends(
    receiver: Journal, sink: Sink
) -> None:
    value = b"a\nPRIORITY=0\n_PID=1\n\x00\x1b[2J=\xff"
    sink.write(Fields(["status", "request.user-agent"])([ended(fields=[(b"user-agent", value)])]))
    entry = receiver.entry()
    names = ["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER"]
    assert [name for name, _ in entry] == [*names, "PORCH_STATUS", "PORCH_REQUEST_USER_AGENT"]
    assert dict(entry)["PORCH_REQUEST_USER_AGENT"] == value.replace(b"\xff", b"\\xff")
    assert dict(entry)["PRIORITY"] == b"6"


def test_an_entry_that_is_too_long_for_a_datagram_is_a_sealed_file(
    receiver: Journal, sink: Sink
) -> None:
    line = b"a" * 5_000_000
    sink.write(line + b"\nshort\n")
    assert dict(receiver.entry())["MESSAGE"] == line
    assert dict(receiver.entry())["MESSAGE"] == b"short"
    assert receiver.files == 1


def test_a_machine_without_a_journal_loses_no_line_before_there_is_no_room(tmp_path: Path) -> None:
    said: list[str] = []
    sink = Sink(journal(str(tmp_path / "none")), say=said.append, backlog=100)
    while not said:
        sink.write(b"line\n")
    sink.close()
    assert said[0].startswith("journald: ")
    assert said[-1].endswith("log lines were lost")
