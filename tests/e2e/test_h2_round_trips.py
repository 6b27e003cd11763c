"""Requests of any shape that our side asks nghttpd, and what both sides made of them.

nghttpd says in its log what it has heard, field by field, and echoes what is uploaded.
"""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch.http.h1 import HeadLimits
from porch.http.h2 import PROTOCOL, Reset, What
from porch.http.h2_client import ClientCodec
from porch.http.h2_encode import request_fields
from porch.http.message import Field, RequestHead, ResponseHead, Trailers
from tests.support.nghttpd import Nghttpd

pytestmark = pytest.mark.system
PATIENCE = 10.0
HEARD = re.compile(rb"recv \(stream_id=(\d+)\) ([^\n]*?): ([^\n]*)\n")

names = st.from_regex(rb"x-[a-z0-9!#$%&'*+.^`|~-]{0,30}", fullmatch=True)
values = st.from_regex(rb"([!-~]([ -~]{0,200}[!-~])?)?", fullmatch=True)
fields = st.lists(st.tuples(names, values), max_size=20)
bodies = st.lists(st.integers(0, 90_000), max_size=4)
paths = st.from_regex(rb"/[!-\"$-\-/-\[\]-~]{0,40}", fullmatch=True)
"""Without a dot and a backslash: nghttpd echoes nothing where it sees a way out of its folder."""
some = settings(max_examples=80, deadline=None)


class Asked:
    """One request. echoed: whether nghttpd sends its body back."""

    def __init__(self, method: bytes, path: bytes, more: list[Field]) -> None:
        self.head = RequestHead(method, path, b"a.test", b"http", more, None)
        self.echoed = method in (b"POST", b"PUT")
        self.body: list[bytes] = []
        self.trailers: list[Field] = []
        self.answer: ResponseHead | None = None
        self.got = b""
        self.behind: list[Field] = []
        self.ended = False


requests = st.builds(
    Asked, st.sampled_from((b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"QUERY")), paths, fields
)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nghttpd]:
    folder = tmp_path_factory.mktemp("nghttpd")
    made = Nghttpd(folder, "-v", "--echo-upload", "--trailer=x-end: 1", "--no-tls", said="said")
    yield made
    made.stop()


def send(codec: ClientCodec, asked: Asked) -> int:
    """All of a request. Returns its stream."""
    sent = request_fields(asked.head, b"http")
    stream = codec.request(sent, not (asked.body or asked.trailers))
    for at, piece in enumerate(asked.body, 1):
        codec.data(stream, piece, at == len(asked.body) and not asked.trailers)
    if asked.trailers:
        codec.trailers(stream, asked.trailers)
    return stream


def note(asked: Asked, what: What, data: bytes, end: bool) -> None:
    """A piece of an answer."""
    if isinstance(what, ResponseHead):
        asked.answer = what
    elif isinstance(what, Trailers):
        asked.behind = what.fields
    elif isinstance(what, Reset):  # nghttpd has a body for HEAD where there is no such file
        assert (asked.head.method, what.code) == (b"HEAD", PROTOCOL)
    asked.got += data
    asked.ended |= end


def exchange(port: int, all_asked: list[Asked]) -> dict[int, Asked]:
    """All of them on one connection of their own, until each has its answer."""
    codec = ClientCodec(HeadLimits())
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as link:
        streams = {send(codec, asked): asked for asked in all_asked}
        while not all(asked.ended for asked in all_asked):
            for piece in codec.take():
                link.sendall(piece)
            pieces = codec.happened()
            if not (pieces or codec.wants_write):
                pieces = codec.receive(link.recv(1 << 17))
            for number, what, data, end in pieces:
                if number in streams:
                    note(streams[number], what, data, end)
                    codec.taken(number, len(data))
    return streams


def heard(said: Path, since: int) -> dict[int, list[Field]]:
    """What nghttpd says that it has heard, by stream."""
    found: dict[int, list[Field]] = {}
    with said.open("rb") as file:
        file.seek(since)
        for number, name, value in HEARD.findall(file.read()):
            found.setdefault(int(number), []).append((name, value))
    return found


@some
@given(
    st.lists(st.tuples(requests, bodies, fields), min_size=1, max_size=5),
    st.integers(0, 255),
)
def test_what_nghttpd_hears_is_what_was_asked_and_its_answers_come_whole(
    origin: Nghttpd, drawn: list[tuple[Asked, list[int], list[Field]]], byte: int
) -> None:
    for asked, sizes, trailers in drawn:
        asked.body = [bytes([byte]) * size for size in sizes]
        asked.trailers = trailers
    since = origin.said.stat().st_size
    streams = exchange(origin.port, [asked for asked, _, _ in drawn])
    told = heard(origin.said, since)
    for number, asked in streams.items():
        sent = [*request_fields(asked.head, b"http"), *asked.trailers]
        assert told[number] == sent
        assert asked.answer is not None
        if asked.echoed:
            assert asked.answer.status == 200
            assert asked.got == b"".join(asked.body)
            assert asked.behind == [(b"x-end", b"1")]
