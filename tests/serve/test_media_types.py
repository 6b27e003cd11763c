"""What a file is, by its name."""

import pytest

from porch.serve.media_types import TYPES, UNKNOWN, MediaTypes, shrinks


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"index.html", b"text/html; charset=utf-8"),
        (b"A.HTML", b"text/html; charset=utf-8"),
        (b"a.min.js", b"text/javascript; charset=utf-8"),
        (b"a.json", b"application/json"),
        (b"a.svg", b"image/svg+xml"),
        (b"a.woff2", b"font/woff2"),
        (b"a.tar.gz", b"application/gzip"),
        (b"Makefile", UNKNOWN),
        (b"a.", UNKNOWN),
        (b"a.html~", UNKNOWN),
        (b"html", UNKNOWN),
        (b"a.\xff", UNKNOWN),
    ],
)
def test_the_end_of_a_name_says_the_type(name: bytes, kind: bytes):
    assert MediaTypes().of(name) == kind


def test_an_operator_knows_more_and_better():
    types = MediaTypes({"md": "text/plain", "X": "a/b", "": "text/plain", "h": "text/x; charset=a"})
    assert types.of(b"a.md") == b"text/plain; charset=utf-8"
    assert types.of(b"a.x") == b"a/b"
    assert types.of(b"LICENSE") == b"text/plain; charset=utf-8"
    assert types.of(b"a.none") == b"text/plain; charset=utf-8"
    assert types.of(b"a.h") == b"text/x; charset=a"


def test_the_table_is_in_order_and_in_small_letters():
    assert list(TYPES) == sorted(TYPES)
    assert all(end == end.lower() and kind.count("/") == 1 for end, kind in TYPES.items())


@pytest.mark.parametrize(
    ("kind", "does"),
    [
        (b"text/html; charset=utf-8", True),
        (b"application/json", True),
        (b"image/svg+xml", True),
        (b"application/manifest+json", True),
        (b"application/wasm", True),
        (b"image/png", False),
        (b"font/woff2", False),
        (b"application/gzip", False),
        (UNKNOWN, False),
    ],
)
def test_only_what_becomes_smaller_has_copies(kind: bytes, does: bool):
    assert shrinks(kind) is does
