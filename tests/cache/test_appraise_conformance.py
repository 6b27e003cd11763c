"""The cases of the public conformance suite for caches, by its groups: what is kept, and whether it
would be given again three seconds later without a question."""

import pytest

from porch.cache import refusal
from porch.cache.entry import NO_CACHE, ONLY_AUTHORIZED, Entry
from porch.cache.policy import STALE_ERROR, Policy
from tests.support.appraising import AUTHORIZED, DAY, get, is_fresh, judged, kept


def test_an_answer_with_neither_lifetime_nor_validator_is_not_kept():
    assert judged() is refusal.UNSAID
    assert judged(date=0) is refusal.UNSAID
    assert judged(cache_control=b"public") is refusal.UNSAID


@pytest.mark.parametrize(
    "line",
    [
        b"max-age=3600",
        b"max-age=003600",
        b"max-age=2147483647",
        b"max-age=2147483648",
        b"max-age=99999999999",
        b"MaX-aGe=3600",
        b"foobar, max-age=3600",
        b"s-maxage=3600",
        b"max-age=1, s-maxage=3600",
        b"max-age=10000, must-revalidate",
    ],
)
@pytest.mark.parametrize("expires", [None, -7200, b"0"])
def test_a_lifetime_makes_an_answer_fresh_whatever_expires_says(line, expires):
    found = judged(cache_control=line, expires=expires, date=0)
    assert is_fresh(found)


@pytest.mark.parametrize(
    "line",
    [
        b"max-age=2",
        b"max-age=0",
        b"max-age=-3600",
        b"max-age='3600'",
        b"max-age=3600, s-maxage=1",
        b'extension="max-age=3600", max-age=1',
        b'max-age=1, extension="max-age=3600"',
    ],
)
@pytest.mark.parametrize("expires", [None, 3600])
def test_what_is_said_to_be_short_is_not_fresh_whatever_expires_says(line, expires):
    assert not is_fresh(judged(cache_control=line, expires=expires, date=0))


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (b"abc", True),
        (b"-7200", True),
        (b"7200.0", True),
        (b"2147483647", False),
        (b"2147483648", False),
        (b"2147483649", False),
        (b"7200", False),
        (b"7200, 0", False),
        (b"0, 7200", True),
        ([b"7200", b"0"], False),
        ([b"0", b"7200"], True),
        (b"0, 0", True),
        ([b"0", b"0"], True),
        ([b"600", b"600"], True),
    ],
)
def test_the_age_that_an_answer_has_uses_its_lifetime_up(age, fresh):
    assert is_fresh(judged(cache_control=b"max-age=3600", date=0, age=age)) is fresh
    assert is_fresh(judged(cdn_cache_control=b"max-age=3600", date=0, age=age)) is fresh


def test_a_lifetime_that_cannot_be_counted_does_not_beat_an_age_that_cannot():
    assert not is_fresh(judged(cache_control=b"max-age=9999999999999", age=b"9999999999999"), 0)


@pytest.mark.parametrize(
    ("expires", "date", "age", "fresh"),
    [
        (30 * DAY, 0, None, True),
        (-30 * DAY, 0, None, False),
        (0, 0, None, False),
        (300, 400, None, False),
        (b"0", 0, None, False),
        (10, b"foo", None, True),
        (10, -10, b"25", False),
        (20, 10, b"15", False),
        (20, 10, b"3", True),
        (b"Sun, 21 Nov 2286 04:46:39 GMT", 0, None, True),
        (b"Thursday, 18-Aug-50 02:01:18 GMT", 0, None, True),
        (b"Thu Aug  8 02:01:18 2050", 0, None, True),
        (b"Thu, 18 Aug 2050 02:01:18 UTC", 0, None, False),
        (b"Thu, 18 Aug 50 02:01:18 GMT", 0, None, False),
        ([b"Thu, 18 Aug 2050 02:01:18 GMT", b"Thu, 18 Aug 2050 02:01:19 GMT"], 0, None, False),
    ],
)
def test_expires_less_date_is_a_lifetime(expires, date, age, fresh):
    assert is_fresh(judged(expires=expires, date=date, age=age)) is fresh


def test_an_old_date_is_an_age():
    assert not is_fresh(judged(cache_control=b"max-age=3600", date=-7200))


@pytest.mark.parametrize("line", [b"no-store", b"No-StOrE", b"max-age=10000, no-store"])
def test_no_store_is_obeyed(line):
    assert judged(cache_control=line, expires=10000, date=0, etag=b'"a"') is refusal.NO_STORE


def test_private_is_obeyed():
    assert judged(cache_control=b"private, max-age=3600", etag=b'"a"') is refusal.PRIVATE


@pytest.mark.parametrize("line", [b"max-age=10000, no-cache", b"max-age=10000, No-CaChE"])
def test_no_cache_is_kept_to_be_asked_about_or_not_at_all(line):
    assert judged(cache_control=line, expires=10000, date=0) is refusal.NO_CACHE
    found = kept(cache_control=line, expires=10000, date=0, etag=b'"abcd"')
    assert found.must & NO_CACHE
    assert not is_fresh(found)
    assert kept(cache_control=b"no-cache", etag=b'"abcd"').must == NO_CACHE


@pytest.mark.parametrize(
    "line", [b"must-revalidate", b"proxy-revalidate", b"no-cache", b"s-maxage=2"]
)
def test_what_may_not_be_given_stale_is_not(line):
    found = kept(cache_control=b"max-age=2, " + line, etag=b'"a"')
    assert found.must
    assert (found.stale_while, found.stale_error) == (0, 0)


def test_stale_answers_stand_in_for_as_long_as_the_answer_says_or_the_default():
    found = kept(cache_control=b"max-age=1, stale-while-revalidate=4, stale-if-error=60")
    assert (found.stale_while, found.stale_error) == (4, 60)
    found = kept(cache_control=b"max-age=2")
    assert (found.stale_while, found.stale_error) == (0, STALE_ERROR)


def test_fields_that_no_cache_or_private_name_are_not_stored_and_the_rest_is():
    for line in (b'no-cache="a, b"', b'private="A, b"'):
        found = kept(cache_control=[line, b"max-age=3600"], a=b"1", b=b"2", c=b"3", date=0)
        assert is_fresh(found)
        assert [found.get(name) for name in (b"a", b"b", b"c")] == [None, None, b"3"]


@pytest.mark.parametrize("status", [200, 203, 204, 404, 405, 410, 414, 501])
def test_statuses_that_need_not_say_for_how_long(status):
    found = judged(status=status, last_modified=-DAY, date=0)
    assert is_fresh(found)
    assert isinstance(found, Entry)
    assert found.status == status
    assert found.source == "heuristic"


@pytest.mark.parametrize("status", [201, 202, 403, 502, 503, 504, 599])
def test_other_statuses_have_to_say_it(status):
    assert judged(status=status, last_modified=-DAY, date=0) is refusal.UNSAID_STATUS
    assert is_fresh(judged(status=status, last_modified=-DAY, date=0, cache_control=b"public"))


ANY_STATUS = [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504]


@pytest.mark.parametrize("status", [*ANY_STATUS, 599])
def test_any_status_that_says_for_how_long_is_kept_for_so_long(status):
    assert is_fresh(judged(status=status, cache_control=b"max-age=100000", date=0))
    stale = judged(status=status, expires=-5000, last_modified=-100000, date=0)
    assert not is_fresh(stale)


def test_a_status_that_must_be_understood():
    line = b"max-age=3600, no-store, must-understand"
    assert judged(status=599, cache_control=line) is refusal.MUST_UNDERSTAND
    assert is_fresh(judged(status=200, cache_control=line))
    assert judged(status=599, cache_control=b"max-age=1, must-understand") is (
        refusal.MUST_UNDERSTAND
    )


def test_a_post_that_says_it_is_an_answer_to_get_is_one():
    words = {"cache_control": b"max-age=3600", "date": 0}
    assert is_fresh(judged(get(b"POST"), content_location=b"/x", **words))
    assert is_fresh(judged(get(b"POST"), content_location=b"https://a.test/x", **words))
    assert judged(get(b"POST"), **words) is refusal.POST
    assert judged(get(b"POST"), content_location=b"/y", **words) is refusal.POST
    assert judged(get(b"POST"), content_location=b"https://b.test/x", **words) is refusal.POST
    assert judged(get(b"POST"), 201, content_location=b"/x", **words) is refusal.POST
    assert judged(get(b"POST"), content_location=b"/x", last_modified=-DAY) is refusal.POST
    by_setting = Policy(ttl=60, status_ttl={200: 60})
    assert judged(get(b"POST"), policy=by_setting, content_location=b"/x") is refusal.POST


def test_what_vary_names_is_kept_with_what_the_request_says():
    asked = get(foo=b"1, 2", accept_encoding=b"gzip, deflate, br")
    found = kept(asked, cache_control=b"max-age=60", vary=[b"Foo", b"Accept-Encoding, Bar"])
    assert found.vary == [
        (b"accept-encoding", b"br,gzip"),
        (b"bar", b""),
        (b"foo", b"1,2"),
    ]
    found = kept(cache_control=b"max-age=60", vary=b"Accept-Language", content_language=b"de")
    assert found.vary == [(b"accept-language", b""), (b":language", b"de")]


@pytest.mark.parametrize("vary", [b"*", b"*, *", b", *", [b"", b"*"], b"*, Foo", b"Foo, *"])
def test_vary_with_a_star_is_not_kept(vary):
    words = {"cache_control": b"max-age=5000", "last_modified": -3000, "date": 0, "vary": vary}
    assert judged(**words) is refusal.VARY
    assert kept(policy=Policy(ignore=frozenset([b"vary"])), **words).vary == []


@pytest.mark.parametrize(
    "name",
    [
        *("test-header", "x-test-header", "content-foo", "content-encoding", "content-length"),
        *("content-location", "content-md5", "content-range", "content-security-policy"),
        *("content-type", "clear-site-data", "etag", "public-key-pins", "set-cookie2"),
        *("x-frame-options", "x-xss-protection", "expires", "via", "cache-status", "warning"),
    ],
)
def test_fields_are_stored_whatever_they_are(name):
    found = kept(cache_control=b"max-age=60", **{name: b"7"})
    assert found.get(name.encode()) == b"7"


def test_repeated_fields_are_stored_in_order():
    found = kept(cache_control=b"max-age=60", link=[b"<a>", b"<b>"], x=b"1")
    assert found.fields == [
        (b"cache-control", b"max-age=60"),
        (b"link", b"<a>"),
        (b"link", b"<b>"),
        (b"x", b"1"),
    ]


@pytest.mark.parametrize(
    "name", ["age", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization"]
)
def test_what_belongs_to_the_way_is_not_stored(name):
    assert kept(cache_control=b"max-age=60", **{name: b"7"}).get(name.encode()) is None


def test_an_answer_to_authorization_is_kept_only_if_it_says_so():
    assert judged(AUTHORIZED, cache_control=b"max-age=100000", date=0) is refusal.AUTHORIZATION
    for line in (b"max-age=60, public", b"max-age=60, must-revalidate", b"s-maxage=60"):
        found = kept(AUTHORIZED, cache_control=line, date=0)
        assert is_fresh(found)
        assert not found.must & ONLY_AUTHORIZED
    for line in (b"max-age=60", b"max-age=60, proxy-revalidate, immutable"):
        assert judged(AUTHORIZED, cache_control=line) is refusal.AUTHORIZATION
    policy = Policy(ignore=frozenset([b"authorization"]))
    assert kept(AUTHORIZED, policy=policy, cache_control=b"max-age=60").must == ONLY_AUTHORIZED
    assert kept(policy=policy, cache_control=b"max-age=60").must == 0


@pytest.mark.parametrize(
    ("targeted", "plain", "fresh"),
    [
        (b"max-age=3600", None, True),
        (b"max-age=2147483648", None, True),
        (b"foobar, max-age=3600", None, True),
        (b"max-age=0", None, False),
        (b"max-age=0", b"max-age=3600", False),
        (b"max-age=3600", b"max-age=1", True),
        (b"max-age=1", b"max-age=3600", False),
        (b"private", b"max-age=10000", False),
        (b"no-cache", b"max-age=10000", False),
        (b"no-store", b"max-age=10000", False),
        (b"max-age=10000", b"no-store", True),
        (b"max-age=10000", b"private", True),
        (b"max-age=10000, &&&&&", b"no-store", False),
        (b'max-age="10000"', b"no-store", False),
        (b'max-age="10000"', b"max-age=60", True),
        (b"", b"max-age=60", True),
    ],
)
@pytest.mark.parametrize("expires", [None, -10000, 10000, b"0"])
def test_targeted_fields(targeted, plain, fresh, expires):
    words = {"cache_control": plain, "expires": expires, "date": 0}
    for name in ("cdn_cache_control", "porch_cache_control"):
        assert is_fresh(judged(**{name: targeted}, **words)) is fresh
