"""Bodies on their way to one client."""

from typing import Any

import pytest

from porch.errors import ClientGone, IncompleteResponse
from porch.reader import FEW, LITTLE, OPEN, PIECE, TURN, Reader


class FakeBody:
    """data: what is there by now."""

    def __init__(self, data: bytes, whole: bool = True) -> None:
        self.data = data
        self.whole = whole
        self.descriptor = -1

    def size(self) -> int:
        return len(self.data)

    def is_whole(self) -> bool:
        return self.whole

    def file(self, first: int, end: int) -> int:
        return self.descriptor

    def read(self, first: int, size: int) -> bytes | None:
        return self.data[first : first + size]


class FakeExchange:
    """Notes what it is given. reader: paused behind so many pieces."""

    def __init__(self, pause_behind: int = -1) -> None:
        self.keeper = self.client = self
        self.bytes_out = 0
        self.takes: list[int] = []  # of files, each time
        self.files: list[tuple[int, int, int]] = []
        self.response: Any = "the head"
        self.heads: list[Any] = []
        self.ended = 0.0
        self.made: list[tuple[bytes, bool]] = []
        self.errors: list[Exception] = []
        self.waits: list[Any] = []
        self.pause_behind = pause_behind
        self.sips = False
        self.reader: Reader | None = None

    def later(self, seconds: float, call: Any) -> None:
        self.waits.append(call)

    def run(self) -> None:
        calls, self.waits = self.waits, []
        for call in calls:
            call()

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        self.files.append((descriptor, first, size))
        return self.takes.pop(0) if self.takes else 0

    def send(self, head: Any, data: bytes, end: bool) -> None:
        self.heads.append(head)

    def send_with_file(self, head: Any, descriptor: int, first: int, size: int) -> int:
        self.heads.append(head)
        return self.send_file(descriptor, first, size)

    def on_made(self, head: None, data: bytes, end: bool) -> None:
        self.made.append((data, end))
        self.ended = float(end)
        if len(self.made) == self.pause_behind:
            assert self.reader is not None
            self.reader.pause_reading()

    def fail(self, error: Exception) -> None:
        self.errors.append(error)
        self.ended = 1.0


def begun(body: FakeBody, parts: Any, pause_behind: int = -1, moved: Any = None) -> FakeExchange:
    exchange: Any = FakeExchange(pause_behind)
    exchange.reader = Reader(body, parts, moved)
    assert exchange.reader.begin(exchange) is exchange.reader
    assert not exchange.made, "nothing before it has begun"
    exchange.run()
    made: FakeExchange = exchange
    return made


def test_a_whole_body_goes_out_in_one_piece():
    assert begun(FakeBody(b"abc"), [(0, 3)]).made == [(b"abc", True)]


def test_parts_and_what_stands_between_them_go_out_in_their_order():
    exchange = begun(FakeBody(b"abcdef"), [b"--1", (4, 6), b"--2", (0, 2), b"--"])
    assert exchange.made == [
        (b"--1", False),
        (b"ef", False),
        (b"--2", False),
        (b"ab", False),
        (b"--", True),
    ]


def test_a_long_body_goes_out_in_pieces_and_lets_others_have_their_turn():
    exchange = begun(FakeBody(b"x" * (TURN + 1)), [(0, TURN + 1)])
    assert [len(data) for data, _ in exchange.made] == [PIECE] * 4
    exchange.run()
    assert exchange.made[-1] == (b"x", True)


def test_a_client_that_is_full_is_waited_for():
    body = FakeBody(b"x" * (PIECE + 5))
    exchange = begun(body, [(0, PIECE + 5)], pause_behind=1)
    assert len(exchange.made) == 1
    assert exchange.reader is not None
    exchange.reader.pump()
    assert len(exchange.made) == 1
    exchange.reader.resume_reading()
    assert exchange.made[1] == (b"xxxxx", True)


def test_what_is_still_coming_is_waited_for():
    body = FakeBody(b"ab", whole=False)
    exchange = begun(body, [(0, 4)])
    assert exchange.made == [(b"ab", False)]
    body.data += b"cd"
    assert exchange.reader is not None
    exchange.reader.pump()
    assert exchange.made == [(b"ab", False), (b"cd", True)], "all that was promised is there"


@pytest.mark.parametrize("late", [False, True])
def test_a_body_of_unknown_length_ends_where_it_ends(late: bool):
    body = FakeBody(b"ab", whole=not late)
    exchange = begun(body, [(0, OPEN)])
    if late:
        body.whole = True
        assert exchange.reader is not None
        exchange.reader.pump()
        assert exchange.made == [(b"ab", False), (b"", True)]
    else:
        assert exchange.made == [(b"ab", True)]


@pytest.mark.parametrize("found", [None, b""])
def test_a_damaged_body_is_cut(found: bytes | None, monkeypatch: pytest.MonkeyPatch):
    body = FakeBody(b"abc")
    monkeypatch.setattr(body, "read", lambda first, size: found)
    exchange = begun(body, [(0, 3)])
    assert not exchange.made
    assert isinstance(exchange.errors[0], IncompleteResponse)


def test_a_body_shorter_than_was_promised_is_cut():
    exchange = begun(FakeBody(b"ab"), [(0, 4)])
    assert exchange.made == [(b"ab", False)]
    assert isinstance(exchange.errors[0], IncompleteResponse)


def test_who_made_it_is_told_when_it_has_read_and_when_it_is_over():
    moved: list[tuple[int, bool]] = []
    body = FakeBody(b"ab", whole=False)
    exchange = begun(body, [(0, 4)], moved=lambda reader: moved.append((reader.at, reader.is_over)))
    assert moved == [(2, False)]
    assert exchange.reader is not None
    exchange.reader.abort(ClientGone())
    assert moved == [(2, False), (OPEN, True)]


def test_nothing_is_sent_behind_an_abort():
    exchange = begun(FakeBody(b"ab", whole=False), [(0, 4)])
    assert exchange.reader is not None
    exchange.reader.abort(ClientGone())
    exchange.reader.pump()
    assert exchange.made == [(b"ab", False)]


def test_where_it_is_in_the_body_is_known():
    body = FakeBody(b"abcdef", whole=False)
    exchange = begun(body, [(0, 8)])
    assert exchange.reader is not None
    assert exchange.reader.at == 6


def test_a_file_is_sent_without_being_read_as_far_as_the_client_takes_it():
    body = FakeBody(b"x" * (3 * PIECE + 1))
    body.descriptor = 7
    exchange: Any = FakeExchange()
    exchange.takes = [PIECE, 0]
    reader = Reader(body, [(0, 3 * PIECE + 1)])
    reader.begin(exchange)
    exchange.run()
    assert exchange.files[:2] == [(7, 0, 3 * PIECE + 1), (7, PIECE, 2 * PIECE + 1)]
    assert [(len(data), end) for data, end in exchange.made] == [
        (0, False),
        (PIECE, False),
        (PIECE, False),
        (1, True),
    ]
    assert exchange.bytes_out == PIECE, "what is data is counted where it is sent"


def test_of_a_file_that_the_client_has_no_room_for_few_bytes_are_read():
    body = FakeBody(b"x" * (2 * PIECE))
    body.descriptor = 7
    exchange: Any = FakeExchange(pause_behind=1)
    exchange.takes = [-1, 2 * PIECE - FEW]
    exchange.reader = Reader(body, [(0, 2 * PIECE)])
    exchange.reader.begin(exchange)
    exchange.run()
    assert exchange.made == [(b"x" * FEW, False)], "more than 64 KiB, which have a transport pause"
    assert 65536 < FEW < PIECE
    exchange.reader.resume_reading()
    assert exchange.files == [(7, 0, 2 * PIECE), (7, FEW, 2 * PIECE - FEW)]
    assert exchange.made[1:] == [(b"", True)]


def test_a_file_that_leaves_whole_ends_the_answer():
    body = FakeBody(b"x" * PIECE)
    body.descriptor = 7
    exchange: Any = FakeExchange()
    exchange.takes = [PIECE]
    reader = Reader(body, [(0, PIECE)])
    reader.begin(exchange)
    exchange.run()
    assert exchange.made == [(b"", True)]


def test_a_client_with_much_to_take_is_told_of_to_who_fills_the_body() -> None:
    moved: list[bool] = []
    exchange = begun(FakeBody(b"ab", whole=False), [(0, 4)], moved=lambda it: moved.append(it.sips))
    reader = exchange.reader
    assert reader is not None
    moved.clear()
    reader.sip(True)
    assert moved == [True]


def test_little_is_read_at_once_for_a_client_with_much_to_take() -> None:
    exchange = FakeExchange(pause_behind=1)
    exchange.sips = True
    exchange.reader = reader = Reader(FakeBody(bytes(PIECE)), [(0, PIECE)])
    reader.begin(exchange)  # type: ignore[arg-type]
    exchange.run()
    assert exchange.made == [(bytes(LITTLE), False)]


def test_who_fills_the_body_is_told_at_once_that_a_client_takes_nothing_now() -> None:
    moved: list[bool] = []
    body = FakeBody(b"ab", whole=False)
    exchange = begun(body, [(0, 4)], moved=lambda it: moved.append(it.is_paused))
    reader = exchange.reader
    assert reader is not None
    moved.clear()
    reader.pause_reading()
    assert moved == [True]


def test_who_fills_the_body_is_told_once_of_a_client_that_is_full_while_it_is_sent_to() -> None:
    moved: list[bool] = []
    body = FakeBody(b"ab", whole=False)
    begun(body, [(0, 4)], pause_behind=1, moved=lambda it: moved.append(it.is_paused))
    assert moved == [True]


def test_what_another_goes_on_with_is_read_here_no_further() -> None:
    body = FakeBody(b"abcd", whole=False)
    exchange = begun(body, [(0, 8), b"x"])
    reader = exchange.reader
    assert reader is not None
    before = list(exchange.made)
    assert reader.detach() == [(4, 8), b"x"]
    body.data = b"abcdefgh"
    assert reader.pump() == 0
    assert exchange.made == before


def opened(size: int, takes: int, descriptor: int = 7) -> FakeExchange:
    body = FakeBody(b"x" * size)
    body.descriptor = descriptor
    exchange: Any = FakeExchange()
    exchange.takes = [takes]
    reader = Reader(body, [(0, size)])
    is_over = reader.open(exchange)
    assert exchange.heads == ["the head"]
    assert not exchange.made
    assert is_over is reader.is_over
    if not is_over:
        reader.begin(exchange)
        exchange.run()
    made: FakeExchange = exchange
    return made


def test_the_first_of_a_file_leaves_with_the_head():
    whole = opened(PIECE, takes=PIECE)
    assert whole.files == [(7, 0, PIECE)]
    assert whole.made == []
    assert whole.bytes_out == PIECE
    part = opened(PIECE + 9, takes=9)
    assert part.files[:2] == [(7, 0, PIECE + 9), (7, 9, PIECE)]
    assert part.bytes_out == 9
    assert sum(len(data) for data, _ in part.made) == PIECE


def test_the_head_leaves_alone_where_there_is_no_file_or_a_short_one():
    assert opened(PIECE - 1, takes=PIECE).files == []
    assert opened(PIECE, takes=0, descriptor=-1).files == []


def test_the_head_leaves_before_what_stands_between_parts():
    exchange: Any = FakeExchange()
    Reader(FakeBody(b"abc"), [b"--1", (0, 3)]).open(exchange)
    assert exchange.heads == ["the head"]
