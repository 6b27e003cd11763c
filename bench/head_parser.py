"""What does it cost to read a request's head, and what does each reader let through?

    .venv/bin/python bench/head_parser.py

Porch's decoder against the C parsers that Python servers use: httptools (llhttp) and gunicorn_h1c
(picohttpparser, where it is installed). µs a head, the best of 30 repeats. Porch's figure is the
whole decoding, with limits, framing and Host; the others' is a list of fields with lower-case
names, to which all of that would have to be added. Porch remembers lines it has checked: the
second row has new ones in its path, referer and cookie, the third in every line.
"""

from __future__ import annotations

import importlib
import sys
import timeit
from collections.abc import Callable
from itertools import islice

from harness import machine, messages

from porch.errors import PorchError
from porch.http.h1 import HeadLimits
from porch.http.h1_request import RequestDecoder

REPEATS = 30
HEADS = 2000  # heads a repeat; each is another object, as bytes from a socket are

Field = tuple[bytes, bytes]
Reader = Callable[[bytes], object]
MakeReader = Callable[[], Reader]  # one connection's


def main() -> None:
    """Print both tables."""
    readers: dict[str, MakeReader] = {"Porch": porch} | available()
    print(f"{machine.machine()}; {machine.interpreter(sys.executable)}\n")
    print(f"{'µs a head':34}" + "".join(f"{name:>14}" for name in readers))
    for title, heads in workloads():
        best = {name: float("inf") for name in readers}
        for _ in range(REPEATS):
            for name, reader in readers.items():
                best[name] = min(best[name], seconds(reader(), heads()))
        figures = (f"{each / HEADS * 1e6:14.2f}" for each in best.values())
        print(f"{title:34}" + "".join(figures))
    print(f"\n{'let through':34}" + "".join(f"{name:>14}" for name in readers))
    for title, head in MALFORMED:
        assert not accepts(porch(), head), title
        verdicts = ("yes" if accepts(reader(), head) else "-" for reader in readers.values())
        print(f"{title:34}" + "".join(f"{verdict:>14}" for verdict in verdicts))


def porch() -> Reader:
    """A connection's decoder."""
    decode = RequestDecoder(HeadLimits(), b"http").decode

    def read(head: bytes) -> object:
        piece = decode(head)
        if piece is None:
            raise ValueError("not complete")
        return piece

    return read


def available() -> dict[str, MakeReader]:
    """The C parsers that are installed."""
    found: dict[str, MakeReader] = {}
    for name, make in (("httptools", with_httptools), ("gunicorn_h1c", with_gunicorn_h1c)):
        try:
            importlib.import_module(name)
        except ImportError:
            print(f"{name} is not installed here and has no column", file=sys.stderr)
        else:
            found[name] = make
    return found


def with_httptools() -> Reader:
    """llhttp calls back for each part of the head; the callbacks only collect."""
    parser = importlib.import_module("httptools").HttpRequestParser

    class Collector:
        __slots__ = ("complete", "fields", "target")

        def on_message_begin(self) -> None:
            self.fields: list[Field] = []
            self.target = b""
            self.complete = False

        def on_url(self, data: bytes) -> None:
            self.target += data

        def on_header(self, name: bytes, value: bytes) -> None:
            self.fields.append((name.lower(), value))

        def on_headers_complete(self) -> None:
            self.complete = True

    collector = Collector()
    reader = parser(collector)

    def read(head: bytes) -> object:
        reader.feed_data(head)
        if not collector.complete:
            raise ValueError("not complete")
        return reader.get_method(), collector.target, collector.fields

    return read


def with_gunicorn_h1c() -> Reader:
    """picohttpparser, with names as they came."""
    parse = importlib.import_module("gunicorn_h1c").parse_request

    def read(head: bytes) -> object:
        parsed = parse(head)
        return parsed["method"], parsed["path"], [(n.lower(), v) for n, v in parsed["headers"]]

    return read


def workloads() -> list[tuple[str, Callable[[], list[bytes]]]]:
    """(what, a maker of HEADS heads). Each call makes heads that were not there before."""
    user = iter(range(1, sys.maxsize))
    serial = iter(range(sys.maxsize))

    def small() -> list[bytes]:
        return [bytes(bytearray(head)) for head in islice(messages.plain(), HEADS)]

    def browser() -> list[bytes]:
        return list(islice(messages.browser(next(user)), HEADS))

    def new() -> list[bytes]:
        return [_new_lines(next(serial)) for _ in range(HEADS)]

    return [
        ("3 fields, the same", small),
        ("16 fields of a browser", browser),
        ("16 fields, every line new", new),
    ]


def _new_lines(serial: int) -> bytes:
    lines = (b"x-field-%d: value-%d-%036d" % (number, serial, number) for number in range(15))
    first = b"GET /new/%d HTTP/1.1\r\nHost: h%d.test\r\n" % (serial, serial)
    return first + b"\r\n".join(lines) + b"\r\n\r\n"


def seconds(reader: Reader, heads: list[bytes]) -> float:
    """What it takes to read them all once."""

    def read() -> None:
        for head in heads:
            reader(head)

    return timeit.timeit(read, number=1)


def accepts(reader: Reader, head: bytes) -> bool:
    """Whether a reader takes a head for a request."""
    try:
        reader(head)
    except (PorchError, ValueError):
        return False
    except Exception as error:
        # The C parsers' errors have no base but this, and no module of ours may name them.
        if type(error).__module__.partition(".")[0] in ("httptools", "gunicorn_h1c"):
            return False
        raise
    return True


def _field(line: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: a.test\r\n" + line + b"\r\n\r\n"


def _first(line: bytes) -> bytes:
    return line + b"\r\nHost: a.test\r\n\r\n"


MALFORMED = (
    ("bare LF ends the lines", b"GET / HTTP/1.1\nHost: a.test\n\n"),
    ("bare LF inside a value", _field(b"X: b\nY: c")),
    ("bare CR inside a value", _field(b"X: b\rc")),
    ("NUL inside a value", _field(b"X: b\0c")),
    ("control character in a value", _field(b"X: b\x01c")),
    ("folded line", _field(b"X: b\r\n c")),
    ("space before the colon", _field(b"X : b")),
    ("no name", _field(b": b")),
    ("no colon", _field(b"X")),
    ("space inside a name", _field(b"X Y: b")),
    ("two spaces in the first line", _first(b"GET  / HTTP/1.1")),
    ("tab in the first line", _first(b"GET\t/ HTTP/1.1")),
    ("fragment in the target", _first(b"GET /#a HTTP/1.1")),
    ("byte above 127 in the target", _first("GET /\u00e9 HTTP/1.1".encode())),
    ("no token as the method", _first(b"G(T / HTTP/1.1")),
    ("version 1.10", _first(b"GET / HTTP/1.10")),
    ("version 3.0", _first(b"GET / HTTP/3.0")),
    ("two lengths", _field(b"Content-Length: 1\r\nContent-Length: 2")),
    ("length and chunks", _field(b"Content-Length: 1\r\nTransfer-Encoding: chunked")),
    ("signed length", _field(b"Content-Length: +1")),
    ("coding after chunked", _field(b"Transfer-Encoding: chunked, gzip")),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n"),
    ("two Hosts", _field(b"Host: b.test")),
    ("Host with a path", b"GET / HTTP/1.1\r\nHost: a.test/b\r\n\r\n"),
)


if __name__ == "__main__":
    main()
