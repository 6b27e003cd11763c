"""A sink never holds up who writes to it, and loses nothing silently."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from porch.observe.sink import Sink, open_log

FULL = Path("/dev/full")
"""Takes nothing: no space left on device."""


class Pipe:
    def __init__(self) -> None:
        self.out, self.into = os.pipe()

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes; waits for them."""
        got = b""
        while len(got) < size:
            got += os.read(self.out, size - len(got))
        return got

    def close(self) -> None:
        for fd in (self.out, self.into):
            if fd >= 0:
                os.close(fd)


@pytest.fixture
def pipe():
    made = Pipe()
    yield made
    made.close()


def open_sink(path: Path, say: Callable[[str], None] | None = None) -> Sink:
    return Sink(open_log(path), path=path, say=say)


def write_until(sink: Sink, is_done: Callable[[], object]) -> int:
    """Write lines until something is so; how many. The run's timeout bounds it."""
    count = 0
    while not is_done():
        sink.write(b"line\n")
        count += 1
    return count


def test_lines_come_out_as_they_went_in(pipe):
    sink = Sink(pipe.into)
    sink.write(b"one\n")
    assert pipe.read(4) == b"one\n"
    sink.write(b"two\nthree\n")
    assert pipe.read(10) == b"two\nthree\n"
    sink.close()
    assert sink.lost == 0


def test_a_flush_is_one_write(tmp_path, monkeypatch):
    writes = []
    write = os.write

    def counting(fd, data):
        writes.append(len(data))
        return write(fd, data)

    monkeypatch.setattr(os, "write", counting)
    sink = open_sink(tmp_path / "log")
    sink.write(b"line\n" * 1000)
    sink.close()
    assert writes == [5000]


def test_close_writes_what_waits(tmp_path):
    sink = open_sink(tmp_path / "log")
    sink.write(b"one\n")
    sink.write(b"two\n")
    sink.close()
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"
    sink.close()


def test_a_file_is_appended_to(tmp_path):
    (tmp_path / "log").write_bytes(b"before\n")
    sink = open_sink(tmp_path / "log")
    sink.write(b"one\n")
    sink.close()
    assert (tmp_path / "log").read_bytes() == b"before\none\n"


def test_a_file_made_by_us_is_not_for_everybody(tmp_path):
    open_sink(tmp_path / "log").close()
    assert (tmp_path / "log").stat().st_mode & 0o777 in (0o640, 0o600)


def test_a_file_that_cannot_be_opened_is_an_error_at_once(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_log(tmp_path / "missing" / "log")


def test_a_named_pipe_without_a_reader_is_an_error_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device"):
        open_log(tmp_path / "pipe")


def test_a_reader_that_stalls_holds_up_nobody_and_lost_lines_are_counted(pipe):
    said: list[str] = []
    sink = Sink(pipe.into, say=said.append, backlog=200_000)
    batch = b"x" * 99 + b"\n"
    sink.write(batch * 1000)  # more than a pipe holds: the thread waits inside this write
    for _ in range(200):
        sink.write(batch * 10)
    lost = sink.lost  # what the pipe holds had left the backlog, sooner or later
    assert 300 < lost <= 1000
    assert said == [
        f"descriptor {pipe.into}: lines are taken too slowly; up to 0.2 MB of log lines wait, "
        "the others are lost"
    ]
    assert pipe.read(100 * (3000 - lost)) == batch * (3000 - lost)
    for _ in range(2):  # when the first is out, all before it is accounted for
        sink.write(b"more\n")
        assert pipe.read(5) == b"more\n"
    assert said[1:] == [f"descriptor {pipe.into}: lines are taken again; {lost} were lost"]
    sink.close()
    assert len(said) == 2


def test_a_stall_holds_up_the_end_for_a_bounded_time(pipe):
    said: list[str] = []
    sink = Sink(pipe.into, say=said.append)
    sink.write(b"x" * 1_000_000)
    pipe.read(1)
    sink.write(b"one\ntwo\n")
    sink.close(patience=0.01)
    assert sink.lost == 2
    assert said == [f"descriptor {pipe.into}: 2 log lines were lost"]
    pipe.read(999_999)  # lets the thread end


def test_a_closed_pipe_is_said_once_and_the_end_does_not_wait(pipe):
    os.close(pipe.out)
    pipe.out = -1
    said: list[str] = []
    sink = Sink(pipe.into, say=said.append)
    count = write_until(sink, lambda: said)
    assert said == [
        f"descriptor {pipe.into}: Broken pipe; up to 8.4 MB of log lines wait, the others are lost"
    ]
    sink.close()
    assert sink.lost == count
    assert said[1:] == [f"descriptor {pipe.into}: {count} log lines were lost"]


def test_a_full_disk_loses_nothing_that_the_backlog_can_hold(tmp_path):
    path = tmp_path / "log"
    path.symlink_to(FULL)
    said: list[str] = []
    sink = open_sink(path, say=said.append)
    count = write_until(sink, lambda: said)
    assert "No space left on device" in said[0]
    path.unlink()
    sink.go_on_with(open_log(path))
    sink.close()
    assert path.read_bytes() == b"line\n" * count
    assert (sink.lost, len(said)) == (0, 1)


def test_a_full_disk_is_tried_again_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr("porch.observe.sink.RETRY", 0.001)
    full = [True]
    write = os.write

    def sometimes(fd, data):
        if full[0]:
            raise OSError(28, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr(os, "write", sometimes)
    said: list[str] = []
    sink = open_sink(tmp_path / "log", say=said.append)
    count = write_until(sink, lambda: said)
    full[0] = False
    count += write_until(sink, lambda: len(said) == 2)
    assert said[1] == f"{tmp_path}/log: lines are taken again; 0 were lost"
    sink.close()
    assert (tmp_path / "log").read_bytes() == b"line\n" * count


def test_a_write_that_took_a_part_goes_on_behind_it(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data)[:3]))
    sink = open_sink(tmp_path / "log")
    sink.write(b"one line\nanother\n")
    sink.close()
    assert (tmp_path / "log").read_bytes() == b"one line\nanother\n"


def test_a_descriptor_that_does_not_block_loses_nothing(pipe):
    os.set_blocking(pipe.into, False)
    sink = Sink(pipe.into)
    lines = b"".join(b"%07d\n" % number for number in range(50_000))
    sink.write(lines)
    assert pipe.read(len(lines)) == lines
    sink.close()
    assert sink.lost == 0


def test_the_end_does_not_wait_for_a_descriptor_that_does_not_block_and_is_full(pipe, monkeypatch):
    monkeypatch.setattr("porch.observe.sink.RETRY", 0.001)
    os.set_blocking(pipe.into, False)
    sink = Sink(pipe.into)
    sink.write(b"line\n" * 100_000)
    pipe.read(1)
    sink.close(patience=30)
    assert sink.lost > 50_000


def test_a_rotated_file_is_opened_again(tmp_path):
    path, old = tmp_path / "log", tmp_path / "log.1"
    sink = open_sink(path)
    sink.write(b"one\n")
    while path.read_bytes() != b"one\n":
        pass
    path.rename(old)
    sink.go_on_with(open_log(path))
    sink.write(b"two\n")
    sink.close()
    assert (old.read_bytes(), path.read_bytes()) == (b"one\n", b"two\n")


def test_a_second_new_file_takes_the_place_of_the_first(tmp_path):
    sink = open_sink(tmp_path / "log")
    first = open_log(tmp_path / "one")
    sink.go_on_with(first)
    sink.go_on_with(open_log(tmp_path / "two"))
    sink.write(b"line\n")
    sink.close()
    assert (tmp_path / "two").read_bytes() == b"line\n"


def test_a_descriptor_is_not_closed(pipe):
    sink = Sink(pipe.into)
    sink.write(b"one\n")
    sink.close()
    os.write(pipe.into, b"two\n")
    assert pipe.read(8) == b"one\ntwo\n"


def test_lines_of_several_workers_do_not_mix_in_a_pipe(pipe):
    """Each writes more at once than a pipe takes in one piece."""
    lines = [letter * 99 + b"\n" for letter in (b"a", b"b")]
    sinks = [Sink(pipe.into) for _ in lines]
    for _ in range(20):
        for sink, line in zip(sinks, lines, strict=True):
            sink.write(line * 400)
    received = pipe.read(2 * 20 * 400 * 100)
    for sink in sinks:
        sink.close()
    assert set(received.split(b"\n")) == {line[:-1] for line in lines} | {b""}


def test_a_line_longer_than_a_pipe_takes_in_one_piece_is_written_all_the_same(pipe):
    sink = Sink(pipe.into)
    sink.write(b"x" * 9999 + b"\nshort\n")
    assert pipe.read(10006) == b"x" * 9999 + b"\nshort\n"
    sink.close()


def test_what_comes_after_close_is_lost_and_counted(pipe):
    sink = Sink(pipe.into)
    sink.close()
    sink.write(b"one\ntwo\n")
    assert sink.lost == 2


def test_without_a_thread_lines_are_written_at_the_end(tmp_path, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refuse)
    sink = open_sink(tmp_path / "log")
    sink.write(b"one\n")
    sink.write(b"two\n")
    sink.close()
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"


def test_it_knows_a_terminal(pipe):
    outer, inner = os.openpty()
    assert Sink(inner).is_terminal
    assert not Sink(pipe.into).is_terminal
    os.close(outer)
    os.close(inner)


def test_its_name_and_repr_say_where_lines_go(tmp_path):
    assert [Sink(1).name, Sink(2).name, Sink(9).name] == ["stdout", "stderr", "descriptor 9"]
    assert repr(Sink(1)) == "<Sink stdout 0 bytes waiting, 0 lines lost>"


AT_EXIT = """
import sys
from types import SimpleNamespace
from porch.observe.access_log import AccessLog, Written
from porch.observe.ended import Ended
from porch.observe.messages import Messages
from porch.observe.sink import Sink, open_log
log = Ended([AccessLog([Written(lambda exchanges: b"line\\n" * len(exchanges), Sink(1))])])
messages = Messages(Sink(2))
for _ in range(3):
    log.on_end(SimpleNamespace(error=None))
messages.say("the last word")
sys.exit(3)
"""


def test_what_waits_is_written_when_the_process_ends():
    ended = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (3, b"line\n" * 3)
    assert ended.stderr.endswith(b" info    the last word\n")


def test_a_file_that_is_opened_anew_behind_the_end_closes_no_other_descriptor(
    tmp_path: Path,
) -> None:
    number = open_log(tmp_path / "log")
    sink = Sink(number, path=tmp_path / "log")
    sink.close()
    before = os.listdir("/proc/self/fd")
    others = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]
    assert number in others  # somebody else's by now
    sink.go_on_with(open_log(tmp_path / "log"))
    for each in others:
        os.close(each)  # raises if it was closed
    assert os.listdir("/proc/self/fd") == before
