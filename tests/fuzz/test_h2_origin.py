"""Damaged talk of origins that speak HTTP/2: at the codec alone, and at a connection of a pool.

Whatever comes: nothing is raised but ConnectionBroken, each exchange that was asked ends once, and
the pool is left as it was.
"""

import random

import pytest

from porch.errors import PorchError
from porch.http.h1 import HeadLimits
from porch.http.h2 import ConnectionBroken, Ended, Reset
from porch.http.h2_client import ClientCodec
from porch.http.message import RequestHead, ResponseHead, Trailers
from tests.support.h2_mutate import ANSWERS, damaged_answers
from tests.support.mutate import cut
from tests.support.shared import Asking, Bench

ASKED = [
    (b":method", b"GET"),
    (b":scheme", b"http"),
    (b":authority", b"x"),
    (b":path", b"/"),
]


def talk(chance: random.Random) -> str:
    """One damaged talk with a codec that has asked three times. Returns how it ended."""
    codec = ClientCodec(HeadLimits())
    streams = [codec.request(ASKED, chance.random() < 0.7) for _ in range(3)]
    codec.take()
    for piece in cut(chance, damaged_answers(chance, streams)):
        try:
            pieces = codec.receive(piece)
        except ConnectionBroken:
            return "broken"
        for number, what, data, _ in pieces + codec.happened():
            if isinstance(what, Ended):
                return "ended"
            if isinstance(what, ResponseHead):
                assert 100 <= what.status <= 999
            if isinstance(what, ResponseHead | Reset | PorchError) or data:
                assert number in streams
            if data:
                codec.taken(number, len(data))
        if chance.random() < 0.3:
            number = chance.choice((*streams, 99))
            chance.choice((codec.ping, codec.shut, lambda n=number: codec.reset(n, 8)))()
        codec.data(chance.choice(streams), bytes(chance.choice((0, 9, 70_000))), True)
        codec.take()
    return "open"


@pytest.mark.parametrize("seed", range(3))
def test_a_codec_that_asks_says_what_damaged_answers_mean(seed: int) -> None:
    chance = random.Random(seed)
    ends = [talk(chance) for _ in range(200)]
    assert "open" in ends
    assert {*ends} & {"broken", "ended"}
    assert ends.count("open") > 30, "else only refusals would be tried"


@pytest.mark.parametrize("name", ANSWERS)
def test_what_real_origins_say_is_understood_however_it_is_cut(name: str) -> None:
    found = []
    for size in (1, 5, 9, 100, 1 << 20):
        codec = ClientCodec(HeadLimits())
        streams = [codec.request(ASKED, True) for _ in range(3)]
        codec.take()
        told: dict[int, list[object]] = {stream: [b""] for stream in streams}
        data = ANSWERS[name]
        for at in range(0, len(data), size):
            for number, what, body, end in codec.receive(data[at : at + size]):
                if number not in streams:
                    continue
                if isinstance(what, ResponseHead | Trailers):
                    told[number].append(what.fields)
                told[number][0] += body  # type: ignore[operator]
                if end:
                    told[number].append("end")
            codec.take()
        found.append(told)
    assert all(each[-1] == "end" for each in found[0].values()), "all three were answered"
    assert all(each == found[0] for each in found)


def over(exchange: Asking) -> int:
    """How often its end was told."""
    ends = sum(end for head, _, end in exchange.said if not _is_interim(head))
    return ends + (exchange.error is not None)


def _is_interim(head: object) -> bool:
    return isinstance(head, ResponseHead) and head.status < 200


def play(bench: Bench, chance: random.Random) -> None:
    """Three exchanges of one connection, whose origin says something damaged, and then leaves."""
    asked = [bench.ask()]
    bench.settle()
    asked += [bench.ask() for _ in range(2)]
    transport = bench.transports[-1]
    for exchange in asked:
        head = RequestHead(b"GET", b"/", b"x", b"http", [], 0)
        bench.loop.run(lambda each=exchange, head=head: each.stream.send(head, b"", True))
    transport.arrived.clear()
    streams = [exchange.stream.number for exchange in asked]
    for piece in cut(chance, damaged_answers(chance, streams)):
        if transport.is_closing():
            break
        bench.loop.run(lambda piece=piece: transport.feed(piece))
        transport.arrived.clear()
        for exchange in asked:
            if not over(exchange) and chance.random() < 0.1:
                exchange.error = PorchError("given up")
                bench.loop.run(lambda each=exchange: each.stream.abort(PorchError("x")))
    if not transport.is_closing():
        bench.loop.run(transport.feed_eof)
    bench.pass_time(1)
    assert [over(exchange) for exchange in asked] == [1, 1, 1]


@pytest.mark.parametrize("seed", range(4))
def test_a_shared_connection_ends_each_exchange_once_whatever_its_origin_says(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(40):
        with pytest.MonkeyPatch.context() as monkeypatch:
            bench = Bench(monkeypatch)
            try:
                play(bench, chance)
            finally:
                bench.close()
