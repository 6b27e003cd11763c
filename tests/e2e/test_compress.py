"""Answers that are coded at the door, as real clients read them."""

import gzip
import json
import subprocess
import zlib
from collections.abc import Callable

import brotli
import httpx
import pytest
import zstandard

from tests.e2e.conftest import Connection, Door, Origin

BODY = json.dumps([{"id": each, "name": f"article {each}"} for each in range(2000)]).encode()
TEXT = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "a"\r\n'
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def lengthy(connection: Connection) -> None:
    while True:
        head = connection.read_head()
        connection.send(TEXT + b"Content-Length: %d\r\n\r\n" % len(BODY))
        if not head.startswith(b"HEAD"):
            connection.send(BODY)


def chunked(connection: Connection) -> None:
    while True:
        connection.read_head()
        connection.send(TEXT + b"Transfer-Encoding: chunked\r\n\r\n")
        for first in range(0, len(BODY), 5000):
            piece = BODY[first : first + 5000]
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")


@pytest.fixture
def running(door: Callable[..., Door], origin: Callable[..., Origin]) -> Callable[..., Door]:
    def start(serve: Callable[[Connection], None], words: str = "true") -> Door:
        to = f'"127.0.0.1:{origin(serve).port}"'
        return door(
            f'workers = 1\nlog = false\n[routes]\n"*" = {{ to = {to}, compress = {words} }}\n'
        )

    return start


def curl(url: str, *words: str) -> bytes:
    done = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", *words, url], capture_output=True, timeout=30, check=True
    )
    return done.stdout


@pytest.mark.parametrize("serve", [lengthy, chunked])
def test_curl_reads_what_the_origin_sent(
    running: Callable[..., Door], serve: Callable[[Connection], None]
) -> None:
    url = running(serve).url
    assert curl(f"{url}/a", "--compressed") == BODY
    assert curl(f"{url}/a") == BODY
    for coding, decode in DECODERS.items():
        got = curl(f"{url}/a", "-H", f"accept-encoding: {coding}")
        assert len(got) < len(BODY) / 4, coding
        assert decode(got) == BODY
    head = curl(f"{url}/a", "-I", "-H", "accept-encoding: gzip").lower()
    if serve is lengthy:
        assert b"content-encoding: gzip" in head
        assert b"content-length" not in head
        assert b'etag: w/"a"' in head


@pytest.mark.parametrize("coding", DECODERS)
def test_a_small_answer_has_its_length(running: Callable[..., Door], coding: str) -> None:
    url = running(lengthy).url
    with httpx.Client(trust_env=False) as client:
        with client.stream("GET", url, headers={"accept-encoding": coding}) as answer:
            raw = b"".join(answer.iter_raw())
        assert answer.headers["content-length"] == str(len(raw))
        assert answer.headers["content-encoding"] == coding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert DECODERS[coding](raw) == BODY
        plain = client.get(url, headers={"accept-encoding": "identity"})
    assert (plain.content, plain.headers["vary"]) == (BODY, "Accept-Encoding")
    assert plain.headers["etag"] == '"a"'


def test_http_1_0_is_answered_too(running: Callable[..., Door]) -> None:
    url = running(chunked, '["gzip"]').url
    got = curl(url, "-0", "-H", "accept-encoding: gzip")
    assert zlib.decompress(got, 31) == BODY
