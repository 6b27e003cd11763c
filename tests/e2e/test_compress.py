"""Answers that are coded at the door, as real clients read them."""

import gzip
import json
import random
import signal
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import httpx
import pytest
import trustme
import zstandard

from tests.e2e.conftest import PATIENCE, Connection, Door, Origin, memory

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


AUTHORITY = trustme.CA()


@pytest.fixture
def secured(
    door: Callable[..., Door], origin: Callable[..., Origin], tmp_path: Path
) -> Callable[..., Door]:
    """The same over HTTP/2."""
    made = AUTHORITY.issue_cert("localhost", key_type=trustme.KeyType.ECDSA)
    made.private_key_and_cert_chain_pem.write_to_path(tmp_path / "a.pem")

    def start(serve: Callable[[Connection], None], words: str = "") -> Door:
        to = f'"127.0.0.1:{origin(serve).port}"'
        return door(
            'listen = ["https://127.0.0.1:0"]\nworkers = 1\nlog = false\n'
            f'[routes]\n"localhost" = {{ to = {to}, compress = true{words} }}\n'
            f'[site."localhost"]\ncert = "{tmp_path}/a.pem"\nkey = "{tmp_path}/a.pem"\n'
        )

    return start


def h2_client(running: Door) -> httpx.Client:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    base = f"https://localhost:{running.port}"
    return httpx.Client(http2=True, verify=context, base_url=base, trust_env=False)


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


@pytest.mark.parametrize("serve", [lengthy, chunked])
@pytest.mark.parametrize("coding", DECODERS)
def test_http_2_is_too(
    secured: Callable[..., Door], serve: Callable[[Connection], None], coding: str
) -> None:
    running = secured(serve)
    with h2_client(running) as client:
        for _ in range(3):
            with client.stream("GET", "/", headers={"accept-encoding": coding}) as answer:
                raw = b"".join(answer.iter_raw())
            assert answer.http_version == "HTTP/2"
            assert answer.headers["content-encoding"] == coding
            assert DECODERS[coding](raw) == BODY
            if serve is lengthy:
                assert answer.headers["content-length"] == str(len(raw))


def kept(connection: Connection) -> None:
    while True:
        head = connection.read_head()
        size = 2_000_000 if b"/large" in head else len(BODY)
        body = (BODY * (size // len(BODY) + 1))[:size]
        lasts = b"Cache-Control: max-age=60\r\n"
        connection.send(TEXT + lasts + b"Content-Length: %d\r\n\r\n" % size + body)


@pytest.mark.parametrize("path", ["/", "/large"])
def test_what_is_stored_is_given_in_each_coding_and_as_it_is(
    secured: Callable[..., Door], path: str
) -> None:
    running = secured(kept, ", cache = true")
    sizes: dict[str, set[int]] = {}
    with h2_client(running) as client:
        whole = client.get(path, headers={"accept-encoding": "identity"}).content
        for number in range(15):
            for coding, decode in DECODERS.items():
                with client.stream("GET", path, headers={"accept-encoding": coding}) as answer:
                    raw = b"".join(answer.iter_raw())
                assert decode(raw) == whole
                assert answer.headers["content-encoding"] == coding
                assert answer.headers["etag"] == 'W/"a"'
                assert "hit" in answer.headers["cache-status"]
                if number:
                    assert answer.headers["content-length"] == str(len(raw))
                sizes.setdefault(coding, set()).add(len(raw))
        again = client.get(path, headers={"accept-encoding": "gzip", "if-none-match": 'W/"a"'})
        assert (again.status_code, again.headers["etag"]) == (304, 'W/"a"')
        part = client.get(path, headers={"range": "bytes=5-9", "accept-encoding": "gzip"})
        assert (part.status_code, part.content) == (206, whole[5:10])
        assert "content-encoding" not in part.headers

        def made_anew() -> bool:
            head = client.head(path, headers={"accept-encoding": "zstd"})
            return int(head.headers["content-length"]) < max(sizes["zstd"])

        if path == "/":
            running.wait_until(made_anew, "a smaller form")


def test_the_smallest_form_is_made_once_for_all_workers_and_for_a_restart(
    door: Callable[..., Door], origin: Callable[..., Origin], tmp_path: Path
) -> None:
    to = f'"127.0.0.1:{origin(kept).port}"'
    words = f"to = {to}, compress = true, cache = true"
    cache = tmp_path / "cache"
    config = (
        f'workers = 2\nlog = false\ncache_store = {{ path = "{cache}" }}\n'
        f'[routes]\n"*" = {{ {words} }}\n'
    )

    def sizes(running: Door) -> set[int]:
        """Of several answers; each connection is one worker's or the other's."""
        found = set()
        for _ in range(8):
            raw = curl(f"{running.url}/", "-H", "host: a.test", "-H", "accept-encoding: zstd")
            assert DECODERS["zstd"](raw) == BODY
            found.add(len(raw))
        return found

    def forms() -> list[Path]:
        return [each for each in cache.rglob("forms/*/*") if each.is_file()]

    running = door(config)
    first = max(sizes(running))
    running.wait_until(lambda: first not in sizes(running), "a smaller form in both workers")
    (best,) = sizes(running)
    (form,) = forms()
    assert (form.suffix, form.stat().st_size) == (".zstd", best + 4)
    made = form.stat().st_ino
    running.stop(signal.SIGKILL)
    running = door(config)
    assert sizes(running) == {best}, "from the first on"
    assert form.stat().st_ino == made
    running.stop()
    form.write_bytes(b"damaged")
    running = door(config)
    assert first in sizes(running), "it is made anew"
    running.wait_until(lambda: sizes(running) == {best}, "the smallest form once more")
    running.ask("purge", all=True)
    assert first in sizes(running), "what is stored now has a name of its own"


def brotlied(connection: Connection) -> None:
    """To everybody."""
    data = brotli.compress(BODY, quality=5)
    lasts = b"Cache-Control: max-age=60\r\nContent-Encoding: br\r\n"
    while True:
        connection.read_head()
        connection.send(TEXT + lasts + b"Content-Length: %d\r\n\r\n" % len(data) + data)


def test_what_is_stored_coded_is_given_to_who_reads_another_coding(
    secured: Callable[..., Door],
) -> None:
    with h2_client(secured(brotlied, ", cache = true")) as client:
        for coding in ("gzip", "br", "identity") * 4:
            answer = client.get("/", headers={"accept-encoding": coding})
            assert answer.content == BODY
            assert answer.headers.get("content-encoding", "identity") == coding


def test_a_part_of_what_is_stored_coded_is_for_who_reads_the_coding(
    secured: Callable[..., Door],
) -> None:
    with h2_client(secured(brotlied, ", cache = true")) as client:
        plain = {"accept-encoding": "identity"}
        assert client.get("/", headers=plain).content == BODY
        part = {"range": "bytes=5-9"}
        for _ in range(3):
            refused = client.get("/", headers={**plain, **part})
            assert refused.status_code == 502
            assert "content-encoding" not in refused.headers
            with client.stream("GET", "/", headers={"accept-encoding": "br", **part}) as answer:
                raw = b"".join(answer.iter_raw())
            assert (answer.status_code, raw) == (206, brotli.compress(BODY, quality=5)[5:10])
            assert answer.headers["vary"] == "Accept-Encoding"


EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


@pytest.mark.parametrize("coding", DECODERS)
def test_events_leave_at_once(running: Callable[..., Door], coding: str) -> None:
    asked = threading.Event()

    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.send(EVENTS)
        for _ in range(20):
            asked.wait(PATIENCE)
            asked.clear()
            connection.send(b"data: %d\n\n" % time.monotonic_ns())

    url = running(serve, "{ events = true }").url
    late: list[float] = []
    headers = {"accept-encoding": coding}
    with httpx.Client(trust_env=False) as client, client.stream("GET", url, headers=headers) as got:
        assert got.headers["content-encoding"] == coding
        asked.set()
        held = b""
        for piece in got.iter_bytes():
            held += piece
            if held.endswith(b"\n\n"):
                late.append((time.monotonic_ns() - int(held.split()[-1])) / 1e6)
                asked.set()
    assert len(late) == 20
    assert sorted(late)[10] < 20, f"milliseconds: {late}"  # 1 where nothing else runs


def test_streams_of_events_are_left_alone_unless_it_is_said(running: Callable[..., Door]) -> None:
    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.send(EVENTS + b"data: x\n\n" * 500)

    got = httpx.get(running(serve).url, headers={"accept-encoding": "gzip"}, trust_env=False)
    assert "content-encoding" not in got.headers
    assert "vary" not in got.headers


def endless(connection: Connection) -> None:
    connection.read_head()
    connection.send(TEXT + b"\r\n")
    piece = random.Random(1).randbytes(100_000).hex().encode()
    while True:
        connection.send(piece)


def test_a_stream_without_end_to_who_hardly_reads_takes_little_memory(
    running: Callable[..., Door],
) -> None:
    made = running(endless)
    (worker,) = made.workers
    clients = [made.connect() for _ in range(20)]
    before = memory(worker)
    for each in clients:
        each.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
    until = time.monotonic() + 3
    while time.monotonic() < until:  # a byte a second, and less
        for each in clients:
            assert each.recv(1)
        time.sleep(0.5)
    assert memory(worker) - before < 20 * 2048, "KiB, of 20 streams"
    for each in clients:
        each.close()
    headers = {"accept-encoding": "gzip"}
    with (
        httpx.Client(trust_env=False) as client,
        client.stream("GET", made.url, headers=headers) as answer,
    ):
        assert next(answer.iter_bytes()), "it can be read while it comes"


def test_an_answer_that_is_cut_off_is_not_whole_for_its_client(
    running: Callable[..., Door],
) -> None:
    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.send(TEXT + b"Content-Length: 500000\r\n\r\n" + BODY)

    url = running(serve).url
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url, headers={"accept-encoding": "gzip"}, trust_env=False)


def test_coded_requests_are_read(running: Callable[..., Door]) -> None:
    got: list[bytes] = []

    def serve(connection: Connection) -> None:
        head = connection.read_head()
        got.append(connection.read_body(head))
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    url = running(serve, '{ decode_request = "1MB" }').url
    headers = {"content-encoding": "gzip"}
    answer = httpx.post(url, content=gzip.compress(BODY), headers=headers, trust_env=False)
    assert (answer.status_code, got) == (200, [BODY])
    bomb = gzip.compress(bytes(5_000_000))
    assert httpx.post(url, content=bomb, headers=headers, trust_env=False).status_code == 413
