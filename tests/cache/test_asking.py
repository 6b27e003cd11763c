"""What the origin is asked for all."""

from collections.abc import Callable

import pytest

from porch.cache.asking import question
from porch.cache.entry import Entry
from porch.cache.key import KeyRules
from porch.cache.store import Stored
from porch.cache.unkeyed import UNKEYED
from porch.http.message import Field, RequestHead
from tests.scenario.test_cache_elsewhere import GET, PRIMARY
from tests.support.cached import Cached

RULES = KeyRules()
KEPT = Stored(
    b"", Entry(200, [(b"etag", b'"1"')], 9, 0.0, 0.0, 60.0, "max-age"), b"", is_purged=False
)


def request(*fields: Field, target: bytes = b"/a?b=1", authority: bytes = b"x") -> RequestHead:
    return RequestHead(b"GET", target, authority, b"http", list(fields))


@pytest.mark.parametrize("name", sorted(UNKEYED))
def test_what_no_key_has_and_no_browser_sends_is_left_out(name: bytes) -> None:
    assert question(request((name, b"evil"), (b"a", b"b")), RULES, None, []).fields == [
        (b"a", b"b")
    ]


def test_conditions_of_one_client_are_left_out() -> None:
    fields = [(b"if-none-match", b'"9"'), (b"if-modified-since", b"x"), (b"if-match", b'"9"')]
    assert question(request(*fields), RULES, None, []).fields == []


def test_a_range_is_asked_for_but_where_it_depends_on_a_condition() -> None:
    part = (b"range", b"bytes=0-1")
    assert question(request(part), RULES, None, []).fields == [part]
    assert question(request(part, (b"if-range", b'"9"')), RULES, None, []).fields == []


def test_what_is_stored_is_asked_about() -> None:
    asked = question(request((b"range", b"bytes=0-1"), (b"a", b"b")), RULES, KEPT, [])
    assert asked.fields == [(b"a", b"b"), (b"if-none-match", b'"1"')]


def test_what_is_missing_is_asked_for() -> None:
    asked = question(request((b"range", b"bytes=0-9")), RULES, KEPT, [(4, 9)])
    assert asked.fields == [(b"range", b"bytes=4-"), (b"if-range", b'"1"')]


def test_head_is_asked_by_get_and_the_request_stays_as_it_was() -> None:
    given = request((b"x-forwarded-host", b"evil"))
    given.method = b"HEAD"
    asked = question(given, RULES, None, [])
    assert (asked.method, asked.length, asked.upgrade) == (b"GET", 0, None)
    assert given.fields == [(b"x-forwarded-host", b"evil")]


def test_what_the_key_leaves_out_is_left_out_of_the_question() -> None:
    asked = question(request(target=b"/a?utm_source=x&b=1"), KeyRules(ignore=(b"utm_*",)), None, [])
    assert asked.target == b"/a?b=1"


def test_what_is_in_the_key_is_in_the_question() -> None:
    rules = KeyRules(fields=(b"x-forwarded-proto",))
    told = (b"x-forwarded-proto", b"https")
    asked = question(
        request(told, (b"x-forwarded-for", b"evil"), (b"x-host", b"b")), rules, None, []
    )
    assert asked.fields == [told]


def test_a_query_is_asked_as_one_with_its_length_and_for_the_whole() -> None:
    given = request((b"content-type", b"a/b"), (b"range", b"bytes=0-1"))
    given.method, given.length = b"QUERY", 3
    for checks in (None, KEPT):
        asked = question(given, RULES, checks, [])
        assert (asked.method, asked.length) == (b"QUERY", 3)
        assert (b"content-type", b"a/b") in asked.fields
        assert asked.get(b"range") is None


OTHER = b"other" * 4
OK = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 2\r\n\r\nhi"


def test_what_another_worker_stores_between_the_look_and_the_question_is_not_asked_for(
    cached: Callable[..., Cached],
) -> None:
    story = cached()
    entry, store = story.entry(b"hi"), story.store
    story.meanwhile(lambda: store.save(PRIMARY, entry, b"hi", store.moment()))
    story.client(GET).advance(0.01, 0.01)
    story.client_gets(200, b"hi", field=(b"cache-status", b"Porch; hit; ttl=60"))
    assert not story.fills.began


def test_so_it_is_where_something_was_stored_before(cached: Callable[..., Cached]) -> None:
    story = cached()
    store = story.store
    store.save(PRIMARY, story.entry(b"no", lifetime=1.0), b"no", store.moment())
    story.advance(2.0)
    entry = story.entry(b"hi")
    story.meanwhile(lambda: store.save(PRIMARY, entry, b"hi", store.moment()))
    story.client(GET).advance(0.01, 0.01).client_gets(200, b"hi")
    assert not story.fills.began


@pytest.mark.parametrize("primary", [OTHER, PRIMARY])
def test_what_it_stores_for_others_is_no_reason_not_to_ask(
    cached: Callable[..., Cached], primary: bytes
) -> None:
    story = cached()
    entry, store = story.entry(b"no"), story.store
    entry.vary = [(b"cookie", b"a=b")]
    story.meanwhile(lambda: store.save(primary, entry, b"no", store.moment()))
    story.client(GET).upstream_gets(b"GET /a").upstream(OK).client_gets(200, b"hi")


def test_what_another_worker_has_validated_since_the_look_is_not_validated_again(
    cached: Callable[..., Cached],
) -> None:
    story = cached()
    store = story.store
    entry = story.entry(b"hi", (b"etag", b'"1"'), lifetime=1.0)
    entry.stale_while = 60.0
    ident = store.save(PRIMARY, entry, b"hi", store.moment())
    assert ident is not None
    story.advance(2.0)
    fresh = story.entry(b"hi", (b"etag", b'"1"'))
    story.meanwhile(lambda: store.freshen(PRIMARY, ident, fresh, store.moment()))
    story.client(GET).client_gets(200, b"hi")
    story.client(GET).client_gets(200, b"hi", field=(b"cache-status", b"Porch; hit; ttl=60"))
    assert not story.fills.began
