"""Cache-Status says what happened in the words of RFC 9211."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.status_field import FARTHEST, CacheStatus, appended

MEMBER = re.compile(
    rb'Porch(; [a-z][a-z-]*(=(-?\d{1,15}|[a-z][a-z-]*|"([ !#-\[\]-~]|\\["\\])*"))?)*\Z'
)
"""An item of a structured field with parameters (RFC 8941), as far as this cache writes one."""


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (CacheStatus(hit=True, ttl=376.9), b"Porch; hit; ttl=376"),
        (CacheStatus(hit=True, ttl=-0.5), b"Porch; hit; ttl=-1"),
        (CacheStatus(hit=True, fwd="stale"), b"Porch; hit"),
        (CacheStatus(fwd="uri-miss", stored=True), b"Porch; fwd=uri-miss; stored"),
        (
            CacheStatus(fwd="stale", fwd_status=304, ttl=60.0, stored=True),
            b"Porch; fwd=stale; fwd-status=304; ttl=60; stored",
        ),
        (CacheStatus(fwd="miss", collapsed=True), b"Porch; fwd=miss; collapsed"),
        (CacheStatus(fwd="bypass", detail=b"hooked"), b'Porch; fwd=bypass; detail="hooked"'),
        (CacheStatus(hit=True, ttl=float("inf")), b"Porch; hit; ttl=%d" % FARTHEST),
        (CacheStatus(hit=True, ttl=float("-inf")), b"Porch; hit; ttl=-%d" % FARTHEST),
    ],
)
def test_what_happened_is_said(status: CacheStatus, said: bytes):
    assert bytes(status) == said


def test_a_detail_is_quoted_and_has_no_byte_that_a_string_can_not_have():
    assert bytes(CacheStatus(fwd="miss", detail=b'/"\\\xe9\r\n')) == (
        rb'Porch; fwd=miss; detail="/\"\\???"'
    )


@given(
    status=st.builds(
        CacheStatus,
        hit=st.booleans(),
        fwd=st.sampled_from(["", "miss", "uri-miss"]),
        fwd_status=st.sampled_from([0, 200, 304]),
        ttl=st.none() | st.floats(allow_nan=False),
        stored=st.booleans(),
        collapsed=st.booleans(),
        detail=st.binary(),
    )
)
def test_the_field_is_always_a_structured_one(status: CacheStatus):
    assert MEMBER.match(bytes(status))


def test_it_stands_behind_what_caches_nearer_to_the_origin_said():
    fields = [(b"cache-status", b"origin; hit"), (b"x", b"1"), (b"cache-status", b"cdn; fwd=miss")]
    assert appended(fields, CacheStatus(hit=True)) == [
        (b"x", b"1"),
        (b"cache-status", b"origin; hit, cdn; fwd=miss, Porch; hit"),
    ]


def test_it_stands_alone_where_nobody_said_anything():
    assert appended([(b"cache-status", b"")], CacheStatus(hit=True)) == [
        (b"cache-status", b"Porch; hit")
    ]


@pytest.mark.parametrize("said", [b'"', b'Far; key="x', b"Far; hit,", b"(a", b"Far; ="])
def test_what_is_no_list_does_not_make_it_unreadable(said: bytes):
    fields = [(b"cache-status", b"Near; hit"), (b"cache-status", said)]
    (told,) = [value for _, value in appended(fields, CacheStatus(hit=True))]
    assert told == b"Near; hit, Porch; hit"
