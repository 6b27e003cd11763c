"""Whatever comes in whatever order: each body arrives byte for byte, and once."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch.buffer.bandwidth import Bandwidth
from porch.buffer.request import BufferRequest
from porch.buffer.response import BufferResponse
from porch.filter import Filter
from porch.route.route import Timeouts
from tests.support.multiplexed import Multiplexed
from tests.support.paces import pace
from tests.support.scenario import Scenario

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
FEW = 40
"""Examples of each: one is a second of the fake clock or more."""
NOISE = os.urandom(1200 << 10)

sizes = st.lists(
    st.one_of(st.integers(1, 20), st.integers(1, 5000), st.integers(60_000, 150_000)),
    min_size=1,
    max_size=8,
)
events = st.lists(st.sampled_from(["stall", "sip", "drain", "wait"]), max_size=4)
filters = st.lists(st.sampled_from(["request", "response", "bandwidth"]), unique=True)


def made(names: list[str]) -> list[Filter]:
    kinds = {
        "bandwidth": Bandwidth(pace(500_000)),
        "request": BufferRequest(2_000_000),
        "response": BufferResponse(200_000),
    }
    return [kinds[name] for name in ("bandwidth", "request", "response") if name in names]


@contextmanager
def told(names: list[str]) -> Iterator[Scenario]:
    """A story of its own for each example."""
    with pytest.MonkeyPatch.context() as patch:
        story = Scenario(
            patch, filters=made(names), timeouts=Timeouts(idle=3600.0, response=3600.0)
        )
        try:
            yield story
        except BaseException:
            story.give_up()
            raise
        finally:
            story.finish()


def cut(sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(NOISE[at : at + size])
        at += size
    return pieces


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def does(story: Scenario, event: str, side: str) -> None:
    """Something that the client (or the origin) does between two pieces."""
    if event == "wait":
        story.advance(0.3, tick=0.02)
    elif side == "client":
        if event == "stall":
            story.client_full()
        else:
            story.client_drained(30_000 if event == "sip" else None)
    elif event == "stall":
        story.upstream_full()
    else:
        story.upstream_drained(30_000 if event == "sip" else None)


@settings(max_examples=FEW)
@given(names=filters, sizes=sizes, steps=st.lists(events, max_size=8), has_length=st.booleans())
def test_an_answer(
    names: list[str], sizes: list[int], steps: list[list[str]], has_length: bool
) -> None:
    pieces = cut(sizes)
    body = b"".join(pieces)
    with told(names) as story:
        story.client(GET).upstream_gets(b"GET /a")
        told_as = b"content-length: %d\r\n\r\n" % len(body) if has_length else CHUNKED
        story.upstream(b"HTTP/1.1 200 OK\r\n" + told_as)
        for number, piece in enumerate(pieces):
            for event in steps[number] if number < len(steps) else ():
                does(story, event, "client")
            story.upstream(piece if has_length else chunk(piece))
        if not has_length:
            story.upstream(b"0\r\n\r\n")
        story.client_drained().advance(3.0, tick=0.02)
        story.client_gets(200, body).ended(1, "")
        assert story.latest.bytes_out == len(body)
        assert story.endpoints[0].running == 0
        story.client(GET).upstream_gets(b"GET /a")
        story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
        story.advance(1.0, tick=0.02).client_gets(200, b"hi").ended(2, "").dialled(1)


@settings(max_examples=FEW)
@given(names=filters, sizes=sizes, steps=st.lists(events, max_size=8), has_length=st.booleans())
def test_a_request(
    names: list[str], sizes: list[int], steps: list[list[str]], has_length: bool
) -> None:
    pieces = cut(sizes)
    body = b"".join(pieces)
    with told(names) as story:
        story.client(GET).upstream_gets(b"GET /a")
        ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
        story.upstream(ok).advance(1.0, tick=0.02).client_gets(200)
        told_as = b"content-length: %d\r\n\r\n" % len(body) if has_length else CHUNKED
        story.client(b"PUT /up HTTP/1.1\r\nhost: x\r\n" + told_as)
        for number, piece in enumerate(pieces):
            for event in steps[number] if number < len(steps) else ():
                does(story, event, "origin")
            story.client(piece if has_length else chunk(piece))
        if not has_length:
            story.client(b"0\r\n\r\n")
        story.upstream_drained().advance(1.0, tick=0.02).upstream_gets(b"PUT /up", body)
        story.upstream(ok).advance(1.0, tick=0.02).client_gets(200, b"hi").ended(2, "").dialled(1)
        assert story.latest.bytes_in == len(body)
        assert story.endpoints[0].running == 0


@settings(max_examples=FEW)
@given(
    names=filters,
    sizes=sizes,
    steps=st.lists(events, max_size=8),
    who=st.sampled_from(["client", "origin", "grace"]),
    when=st.integers(0, 8),
    uploads=st.booleans(),
)
def test_whoever_leaves_at_any_point_leaves_nothing_behind(
    names: list[str],
    sizes: list[int],
    steps: list[list[str]],
    who: str,
    when: int,
    uploads: bool,
) -> None:
    pieces = cut(sizes)
    length = sum(sizes)
    with told(names) as story:
        if uploads:
            story.client(b"PUT /up HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % length)
            send = story.client
        else:
            story.client(GET).upstream_gets(b"GET /a")
            story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % length)
            send = story.upstream
        for number, piece in enumerate(pieces):
            if number == when:
                break
            if not uploads:
                for event in steps[number] if number < len(steps) else ():
                    does(story, event, "client")
            send(piece)
        if who == "client":
            story.client_leaves()
        elif who == "grace":
            story.closes_now()
        elif story.upstreams:
            story.upstream_resets()
        story.client_drained().advance(10.0, tick=0.25)
        for far in (*story.clients, *story.upstreams):
            if not far.transport.seen:
                story._do(far.transport.reset)
            far.transport.arrived.clear()
        assert all(each.running == 0 for each in story.endpoints)


@settings(max_examples=FEW)
@given(names=filters, sizes=sizes, uploads=st.booleans())
def test_a_client_of_http_2(names: list[str], sizes: list[int], uploads: bool) -> None:
    pieces = cut(sizes)
    body = b"".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        story = Multiplexed(patch, filters=made(names))
        try:
            number = story.asks(b"/a", method=b"PUT" if uploads else b"GET", end=not uploads)
            if uploads:
                for piece in pieces:
                    for at in range(0, len(piece), 16384):
                        story.says(number, piece[at : at + 16384])
                story.says(number, b"", end=True)
                story.advance(0.5, tick=0.02).upstream_gets(b"PUT /a", body)
                body = b"hi"
            else:
                story.upstream_gets(b"GET /a")
            head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body)
            story.upstream(head)
            for piece in [body] if uploads else pieces:
                story.upstream(piece)
            for _ in range(150):
                story._exchange_words()
                story.advance(0.02, tick=0.02)
            got = story.answers[number]
            assert (got.status, got.body, got.ended) == (200, body, True)
            story.ended(1, "")
            assert story.endpoints[0].running == 0
        except BaseException:
            story.give_up()
            raise
        finally:
            story.finish()


ALL = ["bandwidth", "request", "response"]


def test_a_tunnel_never_waits() -> None:
    with told(ALL) as story:
        upgrade = b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        key = b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        story.client(upgrade + key).upstream_gets(b"GET /a")
        answer = b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        accept = b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        story.upstream(answer + accept).client_gets(101, b"", end=None)
        frame = b"\x82\x7f" + (100_000).to_bytes(8, "big") + NOISE[:100_000]
        story.upstream(frame)
        assert bytes(story.clients[0].transport.arrived) == frame
        story.clients[0].transport.arrived.clear()
        masked = b"\x82\x83abcd" + bytes(a ^ b for a, b in zip(b"xyz", b"abc", strict=True))
        story.client(masked)
        assert bytes(story.upstreams[0].transport.arrived) == masked
        story.upstreams[0].transport.arrived.clear()
        story.client_leaves().ended(1)


@pytest.mark.parametrize("status", [b"304 Not Modified", b"204 No Content", b"200 OK"])
def test_an_answer_without_a_body_is_as_ever(status: bytes) -> None:
    with told(ALL) as story:
        ask = GET if status != b"200 OK" else GET.replace(b"GET", b"HEAD")
        story.client(ask).upstream_gets(ask.partition(b" HTTP")[0])
        length = b"" if status.startswith(b"204") else b"content-length: 999999\r\n"
        story.upstream(b'HTTP/1.1 %b\r\n%betag: "a"\r\n\r\n' % (status, length))
        story.client_gets(int(status[:3]), b"", field=(b"etag", b'"a"'), bodiless=True)
        story.ended(1, "").client(GET).upstream_gets(b"GET /a").dialled(1)


def test_what_is_said_before_the_answer_is_passed_on() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n"
    with told(ALL) as story:
        story.client(b"PUT /up HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n")
        story.client(NOISE[:100_000]).upstream_gets(b"PUT /up", NOISE[:100_000])
        story.upstream(hints).client_gets(raw=hints)
        # what the client has heard of this one it does not hear of another
        story.upstream_resets().client_gets(502).ended(1)


def test_an_answer_before_the_end_of_an_upload_ends_it() -> None:
    for names in ([], ["request"], ["response"], ["bandwidth"], ALL):
        with told(names) as story:
            story.client(GET).upstream_gets(b"GET /a")
            ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
            story.upstream(ok).advance(0.5, tick=0.02).client_gets(200).upstream_full()
            story.client(b"PUT /up HTTP/1.1\r\nhost: x\r\ncontent-length: 400000\r\n\r\n")
            story.client(NOISE[:400_000])
            story.upstream(b"HTTP/1.1 403 No\r\ncontent-length: 5\r\n\r\nno")
            story.upstream(b" no").advance(0.5, tick=0.02).client_gets(403, b"no no").ended(2)
            story.upstreams[0].transport.arrived.clear()
            assert story.endpoints[0].running == 0
            story.client(GET).dialled(2).upstream_gets(b"GET /a")  # the first is of no use any more


def test_no_file_is_left_open_by_whoever_failed() -> None:
    gc.collect()  # what earlier stories have left
    before = len(os.listdir("/proc/self/fd"))
    for who in ("client", "origin"):
        with told(ALL) as story:
            story.client(b"PUT /up HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n")
            story.client(NOISE[:300_000]).upstream_gets(b"PUT /up", NOISE[:300_000])
            story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\n")
            story.client_full().upstream(NOISE[:200_000]).upstream(NOISE[:200_000])
            assert len(os.listdir("/proc/self/fd")) >= before + 2
            story.client_leaves() if who == "client" else story.upstream_resets()
            story.client_drained().advance(2.0).ended(1)
            story.clients[0].transport.arrived.clear()
        gc.collect()
        assert len(os.listdir("/proc/self/fd")) <= before + 3  # its sockets and its pace
