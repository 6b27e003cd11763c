"""Which page whom: by Accept, with weights."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.observe.negotiate import KINDS, LONGEST, page_kind

FIREFOX = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
CHROME = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8,v=b3;q=0.7"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (b"", "text"),
        (b"*/*", "text"),  # curl, fetch, httpx
        (FIREFOX, "html"),
        (CHROME, "html"),
        (b"image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8", "text"),  # <img>
        (b"application/json, text/plain, */*", "json"),  # axios
        (b"application/json, text/javascript, */*; q=0.01", "json"),  # jQuery
        (b"application/json", "json"),
        (b"application/problem+json", "json"),
        (b"application/*", "json"),
        (b"text/html", "html"),
        (b"TEXT/HTML", "html"),
        (b"text/*", "text"),
        (b"text/html;charset=utf-8", "html"),
        # the weight decides
        (b"text/html;q=0.5, application/json", "json"),
        (b"text/html;q=0.5, application/json;q=0.4", "html"),
        (b"application/json;q=0.001, */*;q=0", "json"),
        (b"text/html ; level=1 ; q=0.4 , text/plain ; q=0.3", "html"),
        # the most specific range counts for a type, whatever its weight
        (b"text/*, text/plain;q=0.1", "html"),
        (b"*/*, text/plain;q=0", "json"),
        (b"text/plain;q=0, application/*;q=0, */*", "html"),
        # among equals the more specific range, then the first
        (b"*/*, text/html", "html"),
        (b"application/json, text/html", "json"),
        (b"text/html, application/json", "html"),
        # nothing suits, or makes sense
        (b"image/png", "text"),
        (b"*/*;q=0", "text"),
        (b"text/html;q=", "text"),
        (b"text/html;q=x, application/json;q=0.1", "json"),
        (b"text/html;q=1e9, application/json;q=0.1", "json"),
        (b"text/html;q=-1, application/json;q=0.1", "json"),
        (b"text/html;q=9, application/json;q=1", "html"),
        (b",,;;=,q=1", "text"),
        (b"\xff\xfe, text/html", "html"),
    ],
)
def test_kinds(accept, kind):
    assert page_kind(accept) == kind


def test_only_the_beginning_of_a_long_field_is_read():
    assert page_kind(b"image/png," * (LONGEST // 10 + 1) + b"text/html") == "text"


@given(st.binary())
def test_any_bytes_have_a_kind(accept):
    assert page_kind(accept) in KINDS


@given(st.text("atexhml/*,;q=0.15 ").map(str.encode))
def test_anything_like_the_field_has_a_kind(accept):
    assert page_kind(accept) in KINDS
