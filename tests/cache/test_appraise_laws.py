"""Laws: no personal answer is kept, and what is kept is within what was said."""

from hypothesis import given
from hypothesis import strategies as st

from porch.cache.appraise import NEVER, appraise
from porch.cache.directives import FOREVER
from porch.cache.entry import NO_CACHE, ONLY_AUTHORIZED, Entry
from porch.cache.policy import Policy
from porch.cache.refusal import Refusal
from porch.http.message import ResponseHead
from tests.support.appraising import DAY, NOW, STORED, at, get

WORDS = [
    *(b"no-store", b"private", b"public", b"no-cache", b"must-revalidate", b"s-maxage=60"),
    *(b"max-age=60", b"max-age=x", b"immutable", b"stale-while-revalidate=9", b'ext="a, b"'),
    *(b'private="x-a"', b'no-cache="set-cookie"', b"proxy-revalidate", b"stale-if-error=5"),
]
FIELDS = [
    *((b"expires", at(60)), (b"expires", b"0"), (b"etag", b'"a"'), (b"last-modified", at(-DAY))),
    *(
        (b"set-cookie", b"a=b"),
        (b"vary", b"accept"),
        (b"vary", b"*"),
        (b"age", b"7"),
        (b"x-a", b"1"),
    ),
    *((b"date", at(-5)), (b"pragma", b"no-cache"), (b"cache-tag", b"t"), (b"content-type", b"a/b")),
]


@st.composite
def answers(draw: st.DrawFn) -> ResponseHead:
    said = draw(st.lists(st.sampled_from(WORDS), max_size=6))
    cut = draw(st.integers(0, len(said)))
    fields = draw(st.lists(st.sampled_from(FIELDS), max_size=6))
    fields += [(b"cache-control", b", ".join(part)) for part in (said[:cut], said[cut:])]
    status = draw(st.sampled_from([200, 204, 206, 301, 302, 304, 404, 416, 429, 503, 599]))
    return ResponseHead(status, draw(st.permutations(fields)), draw(st.none() | st.integers(0, 99)))


policies = st.builds(
    Policy,
    ttl=st.none() | st.just(60.0),
    status_ttl=st.sampled_from([{}, {200: 60.0, 503: 9.0}]),
    stale=st.sampled_from([None, 0.0, 30.0]),
    guard=st.booleans(),
)
requests = st.builds(
    get,
    st.sampled_from([b"GET", b"GET", b"GET", b"QUERY", b"POST", b"HEAD"]),
    authorization=st.sampled_from([None, None, b"Basic eDp5"]),
)


@given(requests, answers(), policies)
def test_what_is_personal_is_never_kept_whatever_else_is_said(asked, answer, policy):
    found = appraise(asked, answer, policy, requested=NOW, received=NOW, stored=STORED)
    if isinstance(found, Refusal):
        return
    said = b", ".join(value for name, value in answer.fields if name == b"cache-control")
    words = [word.strip() for word in said.split(b",")]
    assert b"no-store" not in words
    assert b"private" not in words
    if asked.get(b"authorization") is not None:
        assert {b"public", b"must-revalidate", b"s-maxage=60"} & set(words)
    assert found.get(b"set-cookie") is None
    assert found.get(b"age") is None
    assert not found.must & ONLY_AUTHORIZED
    assert found.status not in NEVER


@given(requests, answers(), policies)
def test_what_is_kept_can_be_used_and_is_within_what_was_said(asked, answer, policy):
    found = appraise(asked, answer, policy, requested=NOW - 1, received=NOW, stored=STORED)
    if isinstance(found, Refusal):
        return
    assert 1 <= found.age <= FOREVER
    assert 0 <= found.lifetime <= FOREVER
    if found.must & NO_CACHE:
        assert (found.stale_while, found.stale_error) == (0, 0)
    usable = found.lifetime + max(found.stale_while, found.stale_error)
    has_validator = found.get(b"etag") is not None or found.get(b"last-modified") is not None
    assert has_validator or (usable > found.age and not found.must & NO_CACHE)
    if found.source == "max-age":
        assert found.lifetime <= 60


@given(
    st.binary(max_size=20),
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    *(b"cache-control", b"cdn-cache-control", b"vary", b"age", b"date", b"expires"),
                    *(b"last-modified", b"content-range", b"content-type", b"cache-tag"),
                ]
            ),
            st.binary(max_size=20),
        ),
        max_size=6,
    ),
    st.sampled_from([200, 206, 404]),
)
def test_no_field_makes_it_raise(range_, fields, status):
    asked = get(range=range_)
    answer = ResponseHead(status, fields, 5)
    found = appraise(asked, answer, Policy(guard=True), requested=0, received=NOW, stored=0)
    assert isinstance(found, Entry | Refusal)
