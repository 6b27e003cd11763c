"""Where lines go, as a configuration asks for it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import AF_UNIX, SOCK_DGRAM, socket
from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.config.logs import Logs, log_files, open_log_files, rotations, stderr_messages
from porch.config.schema import ConfigModel
from porch.filter import Filter
from porch.observe.messages import Messages
from tests.support.ended import ended


class FakeOutput:
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines = b""

    def write(self, lines: bytes) -> None:
        self.lines += lines

    def close(self) -> None: ...


@pytest.fixture
def said() -> FakeOutput:
    return FakeOutput()


@pytest.fixture
def messages(said: FakeOutput) -> Iterator[Messages]:
    made = Messages(said)
    yield made
    made.close()


def config(**words: Any) -> ConfigModel:
    loaded = load_mapping({"routes": {"*": ":1"}} | words)
    assert loaded.ok, loaded.report()
    return loaded.config


Open = Callable[..., Logs]


@pytest.fixture
def opened(tmp_path: Path, messages: Messages) -> Iterator[Open]:
    """Opens the logs of a configuration; closed behind the test."""
    all_logs: list[Logs] = []

    def open_logs(**words: Any) -> Logs:
        model = config(**words)
        files = open_log_files(log_files(model, tmp_path))
        all_logs.append(Logs.of(model, tmp_path, messages, files))
        for fd in files.values():
            os.close(fd)
        return all_logs[-1]

    yield open_logs
    for each in all_logs:
        each.close()


def test_a_line_of_each_exchange_goes_to_the_file(opened: Open, tmp_path: Path) -> None:
    logs = opened(log="file:access.log")
    (on_end,) = logs.plan([]).on_end
    on_end(ended())
    logs.close()
    assert (tmp_path / "access.log").read_bytes().count(b"\n") == 1


def test_a_file_gets_json_unless_another_format_is_asked_for(opened: Open, tmp_path: Path) -> None:
    logs = opened(
        log=[
            "file:one",
            {"to": "file:two", "format": "combined"},
            {"to": "file:three", "format": "pretty"},
        ]
    )
    logs.plan([]).on_end[0](ended())
    logs.flush()
    logs.close()
    one, two, three = ((tmp_path / name).read_bytes() for name in ("one", "two", "three"))
    assert one.startswith(b"{")
    assert b'HTTP/1.1"' in two
    assert three
    assert not three.startswith(b"{")
    assert b"\x1b" not in three


def test_no_log_is_no_hook(opened: Open) -> None:
    assert not opened(log=False).plan([]).on_end
    assert not Logs().plan([]).on_end


def test_the_log_stands_behind_the_filters(opened: Open) -> None:
    class Ends(Filter):
        def on_end(self, exchange: object) -> None: ...

    ends = Ends()
    first, second = opened(log="file:x").plan([ends]).on_end
    assert first == ends.on_end
    assert second != ends.on_end


def test_the_same_words_are_the_same_logs(opened: Open) -> None:
    logs = opened(log="file:x")
    assert logs.is_for(config(log="file:x", grace="1s"))
    assert not logs.is_for(config(log="file:y"))
    assert not logs.is_for(config(log={"to": "file:x", "format": "combined"}))
    assert not Logs().is_for(config())


def test_a_file_that_was_moved_away_is_made_anew(opened: Open, tmp_path: Path) -> None:
    logs = opened(log="file:x")
    (tmp_path / "x").rename(tmp_path / "x.1")
    files = open_log_files([tmp_path / "x"])
    logs.go_on_with(files)
    os.close(files[tmp_path / "x"])
    logs.plan([]).on_end[0](ended())
    logs.close()
    assert (tmp_path / "x").read_bytes().count(b"\n") == 1
    assert (tmp_path / "x.1").read_bytes() == b""


def test_a_file_that_cannot_be_opened_is_named_and_leaves_no_other_open(
    tmp_path: Path,
) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError) as caught:
        open_log_files(log_files(config(log=["file:one", "file:none/two"]), tmp_path))
    assert caught.value.filename == str(tmp_path / "none/two")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_defect_is_told_to_the_operator(opened: Open, said: FakeOutput) -> None:
    opened(log=False).report(ended(), ValueError("oh"))
    assert b"ValueError: oh" in said.lines


def test_without_a_configuration_nothing_is_told_or_written() -> None:
    logs = Logs()
    logs.report(ended(), ValueError("oh"))
    logs.flush()
    logs.go_on_with({})
    logs.close()


def test_messages_go_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    messages = stderr_messages()
    messages.say("hello")
    messages.close()
    assert capfd.readouterr().err.endswith("info    hello\n")


def test_logs_differ_in_what_they_choose_and_show(opened: Open, tmp_path: Path) -> None:
    logs = opened(
        log=[
            "file:all",
            {"to": "file:failed", "errors": True, "fields": ["status", "request.user-agent"]},
            {"to": "file:slow", "slower": "10ms"},
            {"to": "file:watched", "slower": "10ms", "format": "pretty"},
            {"to": "file:sample", "sample": "1%", "route": "other.test"},
        ]
    )
    (on_end,) = logs.plan([]).on_end
    good, failed = ended(fields=[(b"user-agent", b"curl")]), ended(status=503)
    good.ended = good.started + 0.005
    on_end(good)
    on_end(failed)
    logs.close()
    names = ("all", "failed", "slow", "watched", "sample")
    written = {name: (tmp_path / name).read_text() for name in names}
    assert written["all"].count("\n") == 2
    assert written["failed"] == '{"status":503,"request.user-agent":null}\n'
    assert written["slow"].endswith('"slow":"body"}\n')
    assert "  slow: body  example.com/*" in written["watched"]
    assert written["sample"] == ""


def test_other_fields_are_another_log(opened: Open) -> None:
    logs = opened(log={"to": "file:x", "fields": ["id"]})
    assert logs.is_for(config(log={"to": "file:x", "fields": ["id"]}))
    assert not logs.is_for(config(log={"to": "file:x", "fields": ["id", "status"]}))


def test_addresses_are_shortened_or_hashed_in_one_log_alone(opened: Open, tmp_path: Path) -> None:
    logs = opened(
        log=[
            "file:whole",
            {"to": "file:short", "addresses": "short", "fields": ["client"]},
            {"to": "file:hash", "addresses": "hash", "format": "combined"},
        ]
    )
    logs.plan([]).on_end[0](ended())
    logs.close()
    whole, short, hashed = ((tmp_path / name).read_text() for name in ("whole", "short", "hash"))
    assert '"client":"192.0.2.7"' in whole
    assert short == '{"client":"192.0.2.0"}\n'
    assert "192.0.2." not in hashed
    assert len(hashed.partition(" ")[0]) == 16


def test_queries_are_left_out_of_one_log_alone_beside_hidden_addresses(
    opened: Open, tmp_path: Path
) -> None:
    short = {"to": "file:less", "addresses": "short", "queries": False, "fields": ["target"]}
    logs = opened(log=[short, {"to": "file:whole", "addresses": "short", "fields": ["target"]}])
    logs.plan([]).on_end[0](ended(b"/find?q=cough&from=192.0.2.7"))
    logs.close()
    less, whole = ((tmp_path / name).read_text() for name in ("less", "whole"))
    assert less == '{"target":"/find?***"}\n'
    assert whole == '{"target":"/find?q=cough&from=192.0.2.0"}\n'


def test_lines_go_to_syslog_and_its_absence_holds_up_nobody(
    opened: Open, messages: Messages, tmp_path: Path
) -> None:
    place = str(tmp_path / "log")
    logs = opened(log=[f"syslog:unix:{place}", "journald", {"to": "syslog", "format": "combined"}])
    with socket(AF_UNIX, SOCK_DGRAM) as receiver:
        receiver.bind(place)
        receiver.settimeout(10)
        logs.plan([]).on_end[0](ended())
        logs.flush()
        assert b' access - {"time":"' in receiver.recv(9999)


def test_lines_that_find_no_room_are_counted_by_the_name_of_their_log(
    messages: Messages, tmp_path: Path
) -> None:
    cells: dict[tuple[str, ...], list[int]] = {}
    model = config(log=["stderr", f"syslog:unix:{tmp_path / 'none'}"])
    logs = Logs.of(model, tmp_path, messages, {}, (), lambda *name: cells.setdefault(name, [0]))
    places = [("lost", "stderr"), ("lost", f"syslog:unix:{tmp_path / 'none'}")]
    assert cells == {place: [0] for place in places}
    logs.plan([]).on_end[0](ended())
    logs.close()  # nobody is there to take it
    assert [*cells.values()] == [[0], [1]]


def test_files_are_rotated_as_their_logs_say(tmp_path: Path) -> None:
    log = ["file:one", {"to": "file:two", "rotate": {"size": "1MB", "keep": 3}}]
    (found,) = rotations(config(log=log), tmp_path).items()
    assert found[0] == tmp_path / "two"
    assert (found[1].size, found[1].keep, found[1].every) == (1 << 20, 3, None)
