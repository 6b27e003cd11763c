"""What is kept of what comes, and as what."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache import refusal
from porch.cache.appraise import NEVER, appraise
from porch.cache.directives import FOREVER
from porch.cache.entry import IMMUTABLE, MUST_REVALIDATE, NO_CACHE, ONLY_AUTHORIZED, Entry
from porch.cache.policy import STALE_ERROR, Policy
from porch.cache.refusal import Refusal
from porch.http.message import RequestHead, ResponseHead

NOW = 1_700_000_000.0
STORED = 55.5
DAY = 86400


def at(seconds: float) -> bytes:
    return formatdate(NOW + seconds, usegmt=True).encode()


def lines(**fields: bytes | float | list[bytes] | None) -> list[tuple[bytes, bytes]]:
    found = []
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        for each in values:
            if each is not None:
                written = each if isinstance(each, bytes) else at(each)
                found.append((name.replace("_", "-").encode(), written))
    return found


def get(method: bytes = b"GET", target: bytes = b"/x", **fields: bytes | None) -> RequestHead:
    body = 0 if method in (b"GET", b"HEAD") else 5
    return RequestHead(method, target, b"a.test", b"https", lines(**fields), body)


def judged(
    asked: RequestHead | None = None,
    status: int = 200,
    length: int | None = 36,
    policy: Policy | None = None,
    **fields: bytes | float | list[bytes] | None,
) -> Entry | Refusal:
    return appraise(
        asked or get(),
        ResponseHead(status, lines(**fields), length),
        policy or Policy(),
        requested=NOW,
        received=NOW,
        stored=STORED,
    )


def kept(*arguments: object, **words: object) -> Entry:
    found = judged(*arguments, **words)
    assert isinstance(found, Entry), found
    return found


def is_fresh(found: Entry | Refusal, after: float = 3) -> bool:
    """Whether it would be given again without a question, `after` seconds later."""
    return (
        isinstance(found, Entry)
        and not found.must & NO_CACHE
        and found.age_at(STORED + after) < found.lifetime
    )


# What the public conformance suite asks for, by group.


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


AUTHORIZED = get(authorization=b"Basic eDp5")


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


# What no suite asks for.


@pytest.mark.parametrize("method", [b"PUT", b"DELETE", b"OPTIONS", b"PROPFIND", b"get"])
def test_answers_to_other_methods_are_not_kept(method):
    assert judged(get(method), cache_control=b"max-age=60") is refusal.METHOD


def test_an_answer_to_head_has_nothing_to_keep():
    assert judged(get(b"HEAD"), cache_control=b"max-age=60") is refusal.HEAD


def test_an_answer_to_query_is_kept_as_one_to_get_would_be():
    assert is_fresh(judged(get(b"QUERY"), cache_control=b"max-age=60"))
    assert judged(get(b"QUERY"), cache_control=b"no-store") is refusal.NO_STORE


def test_a_get_with_a_body_is_not_kept():
    for length in (1, None):
        asked = get()
        asked.length = length
        assert judged(asked, cache_control=b"max-age=60") is refusal.BODY


@pytest.mark.parametrize("status", [100, 101, 103, *sorted(NEVER)])
@pytest.mark.parametrize("policy", [Policy(), Policy(status_ttl=dict.fromkeys(range(600), 60.0))])
def test_answers_that_belong_to_one_request_are_never_kept(status, policy):
    found = judged(status=status, policy=policy, cache_control=b"public, max-age=60", etag=b'"a"')
    assert found is refusal.STATUS


def test_a_request_may_forbid_it_if_clients_are_heard():
    asked = get(cache_control=b"No-Store")
    assert judged(asked, cache_control=b"max-age=60") is refusal.REQUEST_NO_STORE
    deaf = Policy(respect_client=False)
    assert is_fresh(judged(asked, policy=deaf, cache_control=b"max-age=60"))


@pytest.mark.parametrize("line", [b"public, max-age=60", b"s-maxage=60", b"max-age=60"])
def test_an_answer_with_a_cookie_is_not_kept_whatever_it_says(line):
    words = {"cache_control": line, "set_cookie": [b"sid=1", b"b=2"]}
    assert judged(**words) is refusal.SET_COOKIE
    assert judged(cdn_cache_control=b"max-age=60", **words) is refusal.SET_COOKIE


def test_a_cookie_that_is_said_to_be_private_or_ignored_is_left_out():
    line = b'max-age=60, private="Set-Cookie"'
    by_answer = kept(cache_control=line, set_cookie=b"sid=1", x=b"1")
    policy = Policy(ignore=frozenset([b"set-cookie"]))
    by_setting = kept(policy=policy, cache_control=b"max-age=60", set_cookie=b"sid=1", x=b"1")
    for found in (by_answer, by_setting):
        assert found.get(b"set-cookie") is None
        assert found.get(b"x") == b"1"


def test_what_is_ignored_does_not_keep_an_answer_from_being_kept():
    for word, line in ((b"no-store", b"max-age=9, no-store"), (b"private", b"max-age=9, private")):
        assert is_fresh(judged(policy=Policy(ignore=frozenset([word])), cache_control=line))
        assert isinstance(judged(cache_control=line), Refusal)


def test_a_body_that_is_too_large_is_not_kept():
    small = Policy(max_object=36)
    assert is_fresh(judged(policy=small, length=36, cache_control=b"max-age=60"))
    assert judged(policy=small, length=37, cache_control=b"max-age=60") is refusal.TOO_LARGE


def test_a_body_whose_end_is_not_known_has_no_length_yet():
    assert kept(length=None, cache_control=b"max-age=60").length == -1


@pytest.mark.parametrize("words", [{"etag": b'W/"a"'}, {"last_modified": 0}])
def test_what_can_be_asked_about_is_kept_though_it_is_not_fresh(words):
    assert kept(date=0, **words).source == "none"
    assert not is_fresh(kept(date=0, **words))
    assert not is_fresh(kept(cache_control=b"max-age=0", **words))


def test_what_came_too_old_and_cannot_be_asked_about_is_not_kept():
    assert judged(cache_control=b"max-age=0") is refusal.STALE
    assert judged(cache_control=b"max-age=60", age=b"60") is refusal.STALE
    assert judged(expires=-60, date=0) is refusal.STALE


def test_what_came_too_old_is_kept_while_it_is_said_to_stand_in():
    line = b"max-age=0, stale-while-revalidate=60"
    assert kept(cache_control=line).stale_while == 60
    assert judged(cache_control=line, age=b"60") is refusal.STALE
    assert judged(cache_control=line + b", must-revalidate") is refusal.STALE
    assert kept(cache_control=b"max-age=0", policy=Policy(stale=30)).stale_while == 30


def test_the_ttl_of_the_configuration_counts_from_when_the_answer_came():
    found = kept(policy=Policy(ttl=60), date=-7200, age=b"9000")
    assert (found.age, found.lifetime, found.source) == (9000, 9060, "ttl")
    found = kept(policy=Policy(status_ttl={503: 60}), status=503, age=b"9000")
    assert (found.age, found.lifetime, found.source) == (9000, 9060, "status_ttl")
    assert judged(policy=Policy(status_ttl={200: 0}), age=b"9000") is refusal.STALE
    assert judged(policy=Policy(ttl=60), status=404) is refusal.UNSAID
    assert judged(policy=Policy(ttl=60), status=302) is refusal.UNSAID_STATUS


def test_settings_of_lifetimes_do_not_make_personal_answers_common():
    policy = Policy(ttl=60, status_ttl={200: 60})
    assert judged(policy=policy, cache_control=b"private") is refusal.PRIVATE
    assert judged(policy=policy, cache_control=b"no-store") is refusal.NO_STORE
    assert judged(policy=policy, set_cookie=b"a=b") is refusal.SET_COOKIE
    assert judged(AUTHORIZED, policy=policy) is refusal.AUTHORIZATION


def test_the_way_of_an_answer_is_part_of_its_age():
    found = appraise(
        get(),
        ResponseHead(200, lines(cache_control=b"max-age=60", age=b"10"), 0),
        Policy(),
        requested=NOW - 5,
        received=NOW,
        stored=STORED,
    )
    assert isinstance(found, Entry)
    assert (found.age, found.received) == (15, STORED)


RANGE = get(range=b"bytes=-5")


def test_a_part_is_kept_as_a_part_of_the_whole():
    found = kept(
        RANGE,
        206,
        5,
        cache_control=b"max-age=3600",
        content_range=b"bytes 0-4/10",
        content_length=b"5",
        etag=b'"a"',
    )
    assert (found.status, found.length, found.held) == (200, 10, [(0, 5)])
    assert [name for name, _ in found.fields] == [b"cache-control", b"etag"]


def test_a_part_that_is_all_is_the_whole():
    found = kept(RANGE, 206, 10, cache_control=b"max-age=9", content_range=b"BYTES 0-9/10")
    assert (found.status, found.length, found.held) == (200, 10, [])


@pytest.mark.parametrize(
    ("content_range", "length"),
    [
        (b"bytes 4-9/10", 5),
        (b"bytes 0-4/10", None),
        (b"bytes 0-4/*", 5),
        (b"bytes 4-0/10", 5),
        (b"bytes 5-10/10", 6),
        (b"bytes */10", 5),
        (b"items 0-4/10", 5),
        (b"bytes=0-4/10", 5),
        (b"bytes 0-4/" + b"1" * 19, 5),
        ([b"bytes 0-4/10", b"bytes 0-4/10"], 5),
        (None, 5),
    ],
)
def test_a_part_that_does_not_agree_with_itself_is_not_kept(content_range, length):
    words = {"cache_control": b"max-age=3600", "content_range": content_range}
    assert judged(RANGE, 206, length, **words) is refusal.PART


def test_parts_that_nobody_asked_for_or_that_are_several_are_not_kept():
    words = {"cache_control": b"max-age=3600", "content_range": b"bytes 0-4/10"}
    assert judged(get(), 206, 5, **words) is refusal.PART
    several = b"Multipart/ByteRanges; boundary=x"
    assert judged(RANGE, 206, 5, content_type=several, **words) is refusal.PART


def test_a_page_where_a_style_sheet_was_promised_is_not_kept_on_guard():
    words = {"cache_control": b"max-age=60", "content_type": b"text/html"}
    asked = get(target=b"/account/x.css")
    assert is_fresh(judged(asked, **words))
    assert judged(asked, policy=Policy(guard=True), **words) is refusal.DECEPTION
    assert is_fresh(judged(get(), policy=Policy(guard=True), **words))
    moved = judged(asked, 301, 0, policy=Policy(guard=True), cache_control=b"max-age=60")
    assert is_fresh(moved)


def test_an_entry_is_found_by_its_url_and_tags():
    found = kept(
        get(target=b"/%7ex?y"), cache_control=b"max-age=60", cache_tag=b"a, b", xkey=b"b c"
    )
    assert found.url == b"https://a.test/~x?y"
    assert found.tags == [b"a", b"b", b"c"]
    assert judged(cache_control=b"max-age=60", cache_tag=b"x" * 2000) is refusal.TAGS


# Answers as they come from real origins.


def test_a_page_of_a_blog_is_not_kept_for_who_is_logged_in_nor_without_a_lifetime():
    fields = {
        "content_type": b"text/html; charset=UTF-8",
        "date": 0,
        "link": b'<https://a.test/wp-json/>; rel="https://api.w.org/"',
        "vary": b"Accept-Encoding,Cookie",
    }
    assert judged(**fields) is refusal.UNSAID
    assert is_fresh(judged(policy=Policy(ttl=3600), **fields))
    nocache = {
        "expires": b"Wed, 11 Jan 1984 05:00:00 GMT",
        "cache_control": b"no-cache, must-revalidate, max-age=0, no-store, private",
    }
    assert judged(policy=Policy(ttl=3600), **fields, **nocache) is refusal.NO_STORE
    login = {"set_cookie": b"wordpress_test_cookie=WP%20Cookie%20check; path=/; secure"}
    assert judged(policy=Policy(ttl=3600), **fields, **login) is refusal.SET_COOKIE
    upload = kept(
        content_type=b"image/webp",
        last_modified=-30 * DAY,
        cache_control=b"max-age=31536000",
        expires=31536000,
        date=0,
    )
    assert (upload.lifetime, upload.source) == (31536000, "max-age")


def test_the_page_of_a_php_session_is_not_kept():
    assert (
        judged(
            policy=Policy(ttl=3600),
            expires=b"Thu, 19 Nov 1981 08:52:00 GMT",
            cache_control=b"no-store, no-cache, must-revalidate",
            pragma=b"no-cache",
            set_cookie=b"PHPSESSID=1; path=/",
        )
        is refusal.NO_STORE
    )


def test_a_package_index_is_kept_for_minutes_and_asked_about_then():
    asked = get(target=b"/simple/porch/", accept=b"application/vnd.pypi.simple.v1+json, */*;q=0.01")
    found = kept(
        asked,
        cache_control=b"max-age=600, public",
        content_type=b"application/vnd.pypi.simple.v1+json",
        etag=b'"7iWHJGGOAbQCiBSj0oJpyA"',
        surrogate_key=b"all-projects project/porch",
        x_pypi_last_serial=b"123",
        vary=b"Accept, Accept-Encoding",
        age=b"113",
        date=-113,
    )
    assert (found.age, found.lifetime, found.stale_error) == (113, 600, STALE_ERROR)
    assert found.tags == [b"all-projects", b"project/porch"]
    assert found.vary[0] == (
        b"accept",
        b"application/vnd.pypi.simple.v1+json,*/*;q=0.01",
    )
    wheel = kept(
        get(target=b"/packages/porch-1-py3-none-any.whl"),
        cache_control=b"max-age=365000000, immutable, public",
        last_modified=-DAY,
    )
    assert wheel.must == IMMUTABLE
    assert wheel.lifetime == 365000000


def test_a_tile_of_a_map_is_kept_for_its_week():
    found = kept(
        get(target=b"/12/2200/1343.png"),
        content_type=b"image/png",
        cache_control=b"max-age=604800, stale-while-revalidate=604800, stale-if-error=604800",
        etag=b'"0f1c4e"',
        expires=7 * DAY,
        age=b"3600",
        policy=Policy(guard=True),
    )
    assert (found.age, found.lifetime) == (3600, 604800)
    assert (found.stale_while, found.stale_error) == (604800, 604800)


def test_an_answer_of_an_api_with_an_etag_is_asked_about_each_time():
    found = kept(
        get(target=b"/v1/orders", accept=b"application/json"),
        content_type=b"application/json",
        etag=b'W/"1b-7PqP"',
        vary=b"Accept, Origin",
        x_powered_by=b"Express",
    )
    assert found.source == "none"
    assert not is_fresh(found, 0)
    rails = b"max-age=0, private, must-revalidate"
    assert judged(cache_control=rails, etag=b'W/"5a"') is refusal.PRIVATE
    hub = b"private, max-age=60, s-maxage=60"
    assert judged(AUTHORIZED, cache_control=hub, etag=b'"9"') is refusal.PRIVATE


def test_a_page_of_a_site_generator_stands_in_while_it_is_made_anew():
    found = kept(cache_control=b"s-maxage=60, stale-while-revalidate=86400", etag=b'"x"')
    assert (found.lifetime, found.stale_while, found.stale_error) == (60, 86400, 0)
    assert found.must == MUST_REVALIDATE


# Laws.

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
