"""Decoders that are not the coders' own, where there are such; exchanges that are coded."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import brotli
import pytest
import zstandard

from porch.compress.coder import Coder
from porch.compress.filter import Compress
from porch.compress.rules import Rules
from porch.compress.types import Types
from porch.compress.workshop import Workshop
from porch.exchange import Exchange
from porch.filter import Filter, Response
from tests.support.scenario import Scenario

__all__ = ["BODY", "CODINGS", "OK", "PLAIN", "RULES", "Answers", "Make", "decoded", "get", "raw"]

CODINGS = (b"gzip", b"br", b"zstd")
BODY = b"the same words again and again, " * 200
RULES = Rules(types=Types(), codings=(b"gzip", b"zstd", b"br"))
OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"
PLAIN = OK + b"content-length: %d\r\n\r\n" % len(BODY)
_DECODERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzip.decompress,
    b"br": brotli.decompress,
    b"zstd": lambda data: zstandard.ZstdDecompressor().stream_reader(data).read(),
}


def decoded(coding: bytes, data: bytes) -> bytes:
    """Of a whole body."""
    return _DECODERS[coding](data)


@pytest.fixture(params=CODINGS, ids=lambda each: each.decode())
def coder(request: pytest.FixtureRequest) -> Coder:
    return Workshop().coders[request.param]


def get(*lines: bytes, accept: bytes | None = b"gzip", method: bytes = b"GET") -> bytes:
    if accept is not None:
        lines = (b"accept-encoding: " + accept, *lines)
    return (
        method
        + b" /a HTTP/1.1\r\nhost: x\r\n"
        + b"".join(b"%b\r\n" % each for each in lines)
        + b"\r\n"
    )


class Answers(Filter):
    """At the door."""

    def __init__(self, response: Response) -> None:
        self.response = response

    def on_request(self, exchange: Exchange) -> Response:
        return self.response


Make = Callable[..., Scenario]


@pytest.fixture
def shop() -> Iterator[Workshop]:
    made = Workshop()
    yield made
    assert (made.running, made.used) == (0, 0), "no stream is left behind"


@pytest.fixture
def scenario(monkeypatch: pytest.MonkeyPatch, shop: Workshop) -> Iterator[Make]:
    made: list[Scenario] = []

    def make(*behind: Filter, **rules: Any) -> Scenario:
        filters = (Compress(replace(RULES, **rules), shop), *behind)
        made.append(Scenario(monkeypatch, filters=filters))
        return made[-1]

    yield make
    for each in made:
        each.finish()


def raw(story: Scenario) -> tuple[dict[bytes, bytes], bytes]:
    """All that the client got: the fields of a head, and the body behind it."""
    message = story.clients[-1].read_head(bodiless=False)
    assert message.ended
    body, message.body = message.body, b""
    return dict(message.fields), body
