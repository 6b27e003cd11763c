"""The requests and the origin's answers, as bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count, repeat

__all__ = [
    "BODY",
    "HOST",
    "HUGE",
    "KIB",
    "LARGE",
    "MEDIUM",
    "browser",
    "browser_fields",
    "browser_paths",
    "coded",
    "download",
    "plain",
    "plain_once",
    "unique",
    "upload",
]

HUGE = 10 << 20
LARGE = 1 << 20
MEDIUM = 1 << 16
HOST = b"bench.test"
"""Whom all requests are for."""
BODY = (
    b"A body of 100 bytes, as a health check or a small API call would have it: "
    + b"." * 25
    + b"\n"
)
KIB = b"k" * 1023 + b"\n"
"""The body of what is cached, 1 KiB."""

# What Chrome sends for a page, cookies included: 15 fields, about 900 bytes.
BROWSER = (
    b"GET /shop/shelf-%(shelf)d/item-%(item)d?sort=price&page=%(page)d HTTP/1.1\r\n"
    b"Host: bench.test\r\n"
    b"Connection: keep-alive\r\n"
    b'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"\r\n'
    b"sec-ch-ua-mobile: ?0\r\n"
    b'sec-ch-ua-platform: "Linux"\r\n'
    b"Upgrade-Insecure-Requests: 1\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/140.0.0.0 Safari/537.36\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
    b"image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7\r\n"
    b"Sec-Fetch-Site: same-origin\r\n"
    b"Sec-Fetch-Mode: navigate\r\n"
    b"Sec-Fetch-User: ?1\r\n"
    b"Sec-Fetch-Dest: document\r\n"
    b"Referer: http://bench.test/shop/shelf-%(shelf)d?page=%(page)d\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
    b"Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    b"Cookie: session=%(user)032x; theme=dark; consent=2026-01-01\r\n"
    b"\r\n"
)


def plain(path: bytes = b"/small") -> Iterator[bytes]:
    """The same GET with few fields, over and over, as a program sends it."""
    return repeat(_get(path))


def plain_once(path: bytes = b"/small") -> Iterator[bytes]:
    """The same, each the last one of its connection."""
    return repeat(_get(path, b"Connection: close\r\n"))


def browser(user: int) -> Iterator[bytes]:
    """The pages one user looks at: no two paths are the same, and the cookie is this user's."""
    for number in count():
        yield BROWSER % {
            b"shelf": user * 1000 + number // 20,
            b"item": number,
            b"page": number % 7,
            b"user": 0x9E3779B97F4A7C15 * (user + 1),
        }


def browser_fields() -> tuple[str, ...]:
    """The six fields of a browser that say the most, as "name: value" for HTTP/2."""
    return (
        "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/140.0.0.0 Safari/537.36",
        "accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
        "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
        "accept-encoding: gzip, deflate, br, zstd",
        "accept-language: en-GB,en;q=0.9,de;q=0.8",
        "referer: https://bench.test/shop/",
        "cookie: session=9e3779b97f4a7c159e3779b97f4a7c15; theme=dark; consent=2026-01-01",
    )


def browser_paths(count: int) -> tuple[str, ...]:
    """So many pages of a shop, no two of them the same."""
    return tuple(
        f"/shop/shelf-{number // 20}/item-{number}?sort=price&page={number % 7}"
        for number in range(count)
    )


def download(path: bytes = b"/large") -> Iterator[bytes]:
    """A GET for 1 MiB, or what else is there."""
    return repeat(_get(path))


def coded(coding: bytes) -> Iterator[bytes]:
    """A GET of 90 KB of JSON, by a client that takes this coding."""
    return repeat(_get(b"/coded/json", b"Accept-Encoding: %b\r\n" % coding))


def unique(start: int) -> Iterator[bytes]:
    """GETs that no cache has seen: no two are the same, in this run or another."""
    salt = os.urandom(6).hex().encode()
    return (_get(b"/cached/%b/%d/%d" % (salt, start, number)) for number in count())


def upload(path: bytes = b"/upload") -> bytes:
    """A POST of 1 MiB, head and body in one."""
    head = b"POST %b HTTP/1.1\r\nHost: bench.test\r\nUser-Agent: bench\r\nAccept: */*\r\n" % path
    return head + b"Content-Length: %d\r\n\r\n" % LARGE + b"u" * LARGE


def _get(path: bytes, more: bytes = b"") -> bytes:
    head = b"GET %b HTTP/1.1\r\nHost: bench.test\r\nUser-Agent: bench\r\nAccept: */*\r\n%b\r\n"
    return head % (path, more)
