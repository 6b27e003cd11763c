"""Ids of traces, and the field that carries them."""

import os

import pytest

from porch.trace import Trace, new_span, new_trace, parse_parent

TRACE, SPAN = b"0af7651916cd43dd8448eb211c80319c", b"b7ad6b7169203331"


@pytest.mark.parametrize(
    ("flags", "sampled"), [(b"00", False), (b"01", True), (b"02", False), (b"03", True)]
)
def test_the_parts_of_a_parent_are_read(flags: bytes, sampled: bool) -> None:
    parent = parse_parent(b"00-%b-%b-%b" % (TRACE, SPAN, flags))
    assert parent is not None
    assert (parent.trace, parent.span) == (int(TRACE, 16), int(SPAN, 16))
    assert parent.sampled is sampled


@pytest.mark.parametrize("rest", [b"", b"-what-comes", b"-"])
def test_a_later_version_is_read_as_far_as_it_is_known(rest: bytes) -> None:
    assert parse_parent(b"cc-%b-%b-01%b" % (TRACE, SPAN, rest)) is not None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"00",
        b"00-%b-%b" % (TRACE, SPAN),
        b"00-%b-%b-01-more" % (TRACE, SPAN),
        b"00-%b-%b-01\n" % (TRACE, SPAN),
        b"ff-%b-%b-01" % (TRACE, SPAN),
        b"00-%b-%b-01" % (TRACE.upper(), SPAN),
        b"00-%b-%b-1" % (TRACE, SPAN),
        b"00-%b-%b-01" % (b"0" * 32, SPAN),
        b"00-%b-%b-01" % (TRACE, b"0" * 16),
        b"00-%b-%b-0x" % (TRACE, SPAN),
        b"cc-%b-%b-01.more" % (TRACE, SPAN),
    ],
)
def test_what_is_not_valid_is_nobodys(value: bytes) -> None:
    assert parse_parent(value) is None


def test_each_attempt_has_a_span_of_its_own() -> None:
    trace = Trace(int(TRACE, 16), sampled=True)
    first, second = trace.tell("a:1", 1.0), trace.tell("b:1", 2.0)
    assert first == b"00-%b-%016x-01" % (TRACE, trace.told[0].span)
    assert second == b"00-%b-%016x-01" % (TRACE, trace.told[1].span)
    assert len({trace.span, *(each.span for each in trace.told)}) == 3
    assert [each.endpoint for each in trace.told] == ["a:1", "b:1"]
    assert Trace(1, sampled=False).tell("a:1", 1.0).endswith(b"-00")


def test_no_id_is_made_up_twice_by_who_was_forked() -> None:
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(writing, b"%032x%016x" % (new_trace(), new_span()))
        os._exit(0)
    ours = b"%032x%016x" % (new_trace(), new_span())
    os.waitpid(pid, 0)
    assert os.read(reading, 48) != ours
    os.close(reading)
    os.close(writing)
