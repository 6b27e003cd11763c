"""Messages: one thing is said once, and counted after that."""

import pytest

from porch.observe.messages import MOST, QUIET, Messages
from tests.support.ended import ended


class FakeSink:
    def __init__(self) -> None:
        self.text = ""
        self.closed = 0

    def write(self, lines: bytes) -> None:
        assert lines.endswith(b"\n")
        self.text += lines.decode()

    def close(self) -> None:
        self.closed += 1

    def lines(self) -> list[str]:
        """What was written, without the time; emptied."""
        text, self.text = self.text, ""
        return [line.partition("Z ")[2] for line in text.splitlines()]


@pytest.fixture
def sink():
    return FakeSink()


@pytest.fixture
def messages(sink):
    made = Messages(sink)
    yield made
    made.close()


def test_a_message_has_time_level_and_text(messages, sink):
    messages.say("the configuration was loaded again")
    messages.warn("no certificate for example.com")
    messages.say("port 80 is taken", "error")
    assert sink.text == (
        "2023-11-14T22:30:00.500Z info    the configuration was loaded again\n"
        "2023-11-14T22:30:00.500Z warning no certificate for example.com\n"
        "2023-11-14T22:30:00.500Z error   port 80 is taken\n"
    )


def test_a_terminal_gets_colours_and_its_own_time(sink):
    messages = Messages(sink, colours=True)
    messages.warn("no certificate")
    messages.close()
    assert sink.text == "\x1b[2m00:30:00.500\x1b[0m \x1b[33mwarning\x1b[0m no certificate\n"


def test_lines_behind_the_first_are_indented(messages, sink):
    messages.say("a\nb\n\nc")
    assert sink.text.splitlines()[1:] == ["  b", "  ", "  c"]


def test_what_is_not_printable_is_escaped(messages, sink):
    messages.say("a \x1b[31m b \r c\td")
    assert sink.lines() == [r"info    a \x1b[31m b \r c\td"]


def test_one_thing_is_said_once_and_counted_after_that(messages, sink, stopped_clock):
    for _ in range(4):
        messages.warn("disk full")
    assert sink.lines() == ["warning disk full"]
    stopped_clock.time += QUIET - 1
    messages.flush()
    assert sink.lines() == []
    stopped_clock.time += 1
    messages.flush()
    assert sink.lines() == ["warning disk full (3 times more in the last minute)"]


def test_what_is_the_same_of_several_texts_is_said_once_for_all_of_them(
    messages, sink, stopped_clock
):
    for number in range(3):
        messages.warn(f"192.0.2.{number} was cut: a flood", "a flood")
    messages.warn("192.0.2.9 was cut: no HTTP", "no HTTP")
    assert sink.lines() == [
        "warning 192.0.2.0 was cut: a flood",
        "warning 192.0.2.9 was cut: no HTTP",
    ]
    stopped_clock.time += QUIET
    messages.flush()
    assert sink.lines() == ["warning 192.0.2.0 was cut: a flood (2 times more in the last minute)"]


def test_once_more_is_said_as_people_say_it(messages, sink, stopped_clock):
    messages.say("a")
    messages.say("a")
    stopped_clock.time += QUIET
    messages.flush()
    assert sink.lines() == ["info    a", "info    a (once more in the last minute)"]


def test_a_thing_that_goes_on_is_counted_each_minute(messages, sink, stopped_clock):
    messages.say("a")
    for _ in range(3):
        messages.say("a")
        messages.say("a")
        stopped_clock.time += QUIET
        messages.flush()
    assert sink.lines() == ["info    a"] + ["info    a (2 times more in the last minute)"] * 3


def test_after_a_quiet_minute_it_is_said_anew(messages, sink, stopped_clock):
    messages.say("a")
    stopped_clock.time += QUIET
    messages.flush()
    messages.say("a")
    assert sink.lines() == ["info    a", "info    a"]


def test_what_is_remembered_is_bounded_and_counts_are_not_lost(messages, sink):
    messages.say("a")
    messages.say("a")
    for number in range(MOST):
        messages.say(f"{number}")
    assert sink.lines()[-2:] == ["info    a (once more)", f"info    {MOST - 1}"]


def test_close_writes_counts_and_closes(sink):
    messages = Messages(sink)
    messages.say("a")
    messages.say("a")
    messages.close()
    assert sink.lines() == ["info    a", "info    a (once more)"]
    assert sink.closed == 1


def raised(text):
    try:
        raise KeyError(text)
    except KeyError as error:
        return error


def test_a_defect_has_the_request_and_the_traceback(messages, sink):
    messages.report(ended(b"/a?token=hush", method=b"POST"), raised("user"))
    first, *others = sink.text.splitlines()
    assert first.endswith(" error   defect in POST example.com/a?token=***, route example.com/*")
    assert others[0] == "  Traceback (most recent call last):"
    assert others[-1] == "  KeyError: 'user'"
    assert "hush" not in sink.text


def test_the_same_defect_is_told_once_whatever_the_request(messages, sink, stopped_clock):
    for target in (b"/a", b"/b", b"/c"):
        messages.report(ended(target), raised("user"))
    assert len([line for line in sink.lines() if line.startswith("error")]) == 1
    stopped_clock.time += QUIET
    messages.flush()
    assert sink.lines() == [
        "error   defect in GET example.com/a, route example.com/* (2 times more in the last minute)"
    ]


def test_a_defect_whose_text_quotes_the_client_is_told_once(messages, sink):
    for number in range(3):
        messages.report(ended(), raised(f"sent by a client: {number}"))
    lines = [line for line in sink.text.splitlines() if "KeyError: " in line]
    assert len(lines) == 1
    assert "sent by a client: 0" in lines[0]


def test_two_kinds_of_defects_in_one_place_are_two(messages, sink):
    for kind in (KeyError, ValueError):
        messages.report(ended(), kind("x"))
    assert len([line for line in sink.lines() if line.startswith("error")]) == 2


def test_a_fault_of_ours_has_its_traceback_and_is_told_once(messages, sink, stopped_clock):
    for number in range(3):
        messages.fault(raised(f"{number}"))
    first, *others = sink.text.splitlines()
    assert first.endswith(" error   a fault of Porch; the door serves on: KeyError: '0'")
    assert others[0] == "  Traceback (most recent call last):"
    assert others[-1] == "  KeyError: '0'"
    assert len([line for line in sink.lines() if line.startswith("error")]) == 1
    stopped_clock.time += QUIET
    messages.flush()
    (count,) = sink.lines()
    assert count.endswith("serves on: KeyError: '0' (2 times more in the last minute)")
