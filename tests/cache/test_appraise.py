"""What is kept of what comes, and as what."""

from dataclasses import replace

import pytest

from porch.cache import refusal
from porch.cache.appraise import NEVER, appraise
from porch.cache.asker import asker, told
from porch.cache.entry import LET_IN, Entry
from porch.cache.policy import Policy
from porch.cache.refusal import Refusal
from porch.cache.vary import matches
from porch.http.message import ResponseHead
from porch.identity import Identity
from tests.support.appraising import (
    AUTHORIZED,
    DAY,
    NOW,
    STORED,
    at,
    get,
    is_fresh,
    judged,
    kept,
    lines,
)


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


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (b"no-store", {"cache_control": b"max-age=9, no-store"}),
        (b"private", {"cache_control": b"max-age=9, private"}),
        (b"set-cookie", {"cache_control": b"max-age=9", "set_cookie": b"a=b"}),
        (b"vary", {"cache_control": b"max-age=9", "vary": b"*"}),
        (b"vary", {"cache_control": b"max-age=9", "vary": b"X-Forwarded-For"}),
    ],
)
def test_an_answer_that_is_ignored_says_by_which_word_it_was_let_in(word, said):
    every = Policy(ignore=frozenset(LET_IN.values()))
    found = judged(policy=every, **said)
    assert isinstance(found, Entry)
    assert [LET_IN[bit] for bit in LET_IN if found.must & bit] == [word]


def test_what_no_word_had_to_let_in_needs_none():
    every = Policy(ignore=frozenset(LET_IN.values()))
    for said in (
        {"cache_control": b"max-age=9", "vary": b"accept"},
        {"cache_control": b'max-age=9, private="x", no-cache="set-cookie"', "set_cookie": b"a=b"},
        {"cache_control": b"max-age=9, no-store, must-understand"},
    ):
        found = judged(policy=every, **said)
        assert isinstance(found, Entry)
        assert not found.must & sum(LET_IN)


def test_what_the_door_told_is_compared_with_by_what_it_tells():
    policy = Policy(tells_who=True, told=frozenset((b"x-user", b"x-mail")))
    ann = told(get(), Identity("ann", "keys", fields=((b"x-user", b"ann"),)), policy.told)
    kept_ = judged(ann, policy=policy, cache_control=b"public, max-age=9", vary=b"X-User")
    assert isinstance(kept_, Entry)
    assert matches(kept_.vary, ann)
    assert not matches(kept_.vary, get(x_user=b"ann"))
    renamed = told(get(x_user=b"ann"), Identity("bob", "keys"), {b"x-name"})
    assert not matches(kept_.vary, renamed)
    open_ = judged(ann, policy=policy, cache_control=b"public, max-age=9", vary=b"Accept")
    assert isinstance(open_, Entry)
    assert matches(open_.vary, renamed)


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


def slow(delay: float, policy: Policy | None = None, **fields):
    """An answer that the origin has taken so many seconds for."""
    head = ResponseHead(200, lines(**fields), 0)
    return appraise(
        get(), head, policy or Policy(), requested=NOW - delay, received=NOW, stored=STORED
    )


def test_what_has_become_stale_on_its_way_alone_is_for_who_asked_meanwhile():
    for words in ({"cache_control": b"max-age=1"}, {"date": -2, "expires": -1}):
        found = slow(2.0, **words)
        assert isinstance(found, Entry)
        assert (found.lifetime, found.age) == (1, 2)
    assert slow(2.0, cache_control=b"max-age=1", age=b"1") is refusal.STALE
    assert slow(2.0, cache_control=b"max-age=0") is refusal.STALE
    assert slow(2.0, cache_control=b"max-age=1", date=-4) is refusal.STALE
    assert slow(2.0, cache_control=b"max-age=1, no-cache") is refusal.NO_CACHE
    assert slow(2.0, cache_control=b"max-age=1, private") is refusal.PRIVATE
    assert slow(2.0, policy=Policy(status_ttl={200: 0}), age=b"1", x_a=b"1") is refusal.STALE


def test_what_had_no_date_lives_as_long_as_it_says():
    """Ours is as old as the last tick of the clock, and cut to seconds."""
    today = at(-1)
    head = ResponseHead(200, lines(cache_control=b"max-age=1", date=today), 0)
    times = {"requested": NOW + 0.2, "received": NOW + 0.3, "stored": STORED}
    found = appraise(get(), head, Policy(), today=today, **times)
    assert isinstance(found, Entry)
    assert found.age < 0.11
    assert appraise(get(), head, Policy(), today=at(0), **times) is refusal.STALE


@pytest.mark.parametrize(
    ("words", "for_all"),
    [
        ({"etag": b'"a"'}, False),
        ({"etag": b'"a"', "cache_control": b"no-cache"}, False),
        ({"etag": b'"a"', "cache_control": b"max-age=60, no-cache"}, False),
        ({"etag": b'"a"', "cache_control": b"max-age=0, must-revalidate"}, False),
        ({"etag": b'"a"', "expires": b"0"}, False),
        ({"etag": b'"a"', "cache_control": b"public, max-age=0"}, True),
        ({"etag": b'"a"', "cache_control": b"max-age=0, stale-while-revalidate=9"}, True),
        ({"etag": b'"a"', "cache_control": b"max-age=0, stale-if-error=9"}, True),
        ({"cache_control": b"max-age=60"}, True),
        ({"last_modified": -DAY}, True),
    ],
)
def test_what_nobody_may_have_unasked_is_for_its_asker(words, for_all):
    asked = get(cookie=b"user=A")
    assert kept(asked, **words).asker == (b"" if for_all else asker(asked, b""))


def test_what_came_too_old_is_kept_while_it_is_said_to_stand_in():
    line = b"max-age=0, stale-while-revalidate=60"
    assert kept(cache_control=line).stale_while == 60
    assert kept(cache_control=b"max-age=0, stale-if-error=60").stale_error == 60
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


def test_a_page_where_a_style_sheet_was_promised_is_not_kept():
    words = {"cache_control": b"max-age=60", "content_type": b"text/html"}
    asked = get(target=b"/account/x.css")
    assert judged(asked, **words) is refusal.DECEPTION
    assert is_fresh(judged(asked, policy=Policy(guard=False), **words))
    assert is_fresh(judged(get(), **words))
    moved = judged(asked, 301, 0, cache_control=b"max-age=60")
    assert is_fresh(moved)


def test_an_entry_is_found_by_its_url_and_tags():
    found = kept(
        get(target=b"/%7ex?y"), cache_control=b"max-age=60", cache_tag=b"a, b", xkey=b"b c"
    )
    assert found.url == b"https://a.test/~x?y"
    assert found.tags == [b"a", b"b", b"c"]
    assert judged(cache_control=b"max-age=60", cache_tag=b"x" * 2000) is refusal.TAGS


def test_an_error_that_may_be_about_one_request_alone_is_not_kept():
    for asked in (get(x=b"a" * 5000), get(authorization=b"Basic x")):
        assert judged(asked, status=404, cache_control=b"public, max-age=60") is refusal.OWN_ERROR
        assert is_fresh(judged(asked, status=200, cache_control=b"public, max-age=60"))
    assert is_fresh(judged(get(x=b"a" * 3000), status=404, cache_control=b"max-age=60"))


@pytest.mark.parametrize(
    "target", [b"/s/../a", b"/s/..%2fa", b"/s/%2E%2e/a", b"/s/..\\a", b"/s/..;x/a", b"/s/..%5Ca"]
)
def test_what_lies_elsewhere_is_not_kept(target):
    asked = get()
    asked.target = target
    assert judged(asked, cache_control=b"public, max-age=60") is refusal.CLIMBS


def test_two_points_that_are_no_segment_are_no_climbing():
    for target in (b"/s/a..b", b"/s/...", b"/s?x=/../a"):
        asked = get()
        asked.target = target
        assert is_fresh(judged(asked, cache_control=b"public, max-age=60"))


@pytest.mark.parametrize("name", [b"X-Forwarded-For", b"Forwarded", b"accept, x-forwarded-for"])
def test_an_answer_that_looks_at_what_this_door_says_of_each_client_is_not_kept(name):
    assert judged(cache_control=b"max-age=60", vary=name) is refusal.VARY


def test_an_answer_is_kept_for_those_whose_wishes_made_it_though_vary_does_not_say_so():
    packed = kept(
        get(accept_encoding=b"gzip"), cache_control=b"max-age=60", content_encoding=b"gzip"
    )
    assert packed.vary == [(b"accept-encoding", b"gzip")]
    fragment = kept(get(hx_request=b"true"), cache_control=b"max-age=60", vary=b"accept")
    assert fragment.vary == [(b"accept", b""), (b"hx-request", b"true")]


@pytest.mark.parametrize("coding", [b"deflate", b"compress", b"dcb", b"aes128gcm"])
def test_what_is_coded_oddly_is_for_those_that_take_that_coding_though_vary_does_not_say_so(coding):
    packed = kept(
        get(accept_encoding=b"gzip, " + coding),
        cache_control=b"max-age=60",
        content_encoding=coding,
    )
    assert matches(packed.vary, get(accept_encoding=coding + b";q=0.5, gzip"))
    assert not matches(packed.vary, get(accept_encoding=b"gzip"))


@pytest.mark.parametrize("accept", [None, b"gzip", b"gzip, x-odd;q=0"])
def test_a_coding_that_was_not_asked_for_is_given_to_the_next_that_does_not(accept):
    asked = get(accept_encoding=accept)
    packed = kept(asked, cache_control=b"max-age=60", content_encoding=b"x-odd")
    assert matches(packed.vary, asked)


def test_more_fields_that_an_answer_may_have_looked_at_than_are_told_apart_keep_it_out():
    asked = get(**{f"hx_{number}": b"1" for number in range(33)})
    assert judged(asked, cache_control=b"max-age=60") is refusal.VARY
    asked.fields.pop()
    assert is_fresh(judged(asked, cache_control=b"max-age=60"))


@pytest.mark.parametrize(
    ("told", "named"),
    [
        (b"x-user", b"X.User"),
        (b"x-user", b"X_User"),
        (b"x_user", b"X-User"),
        (b"x_user", b"X.User"),
    ],
)
def test_a_spelling_of_what_the_door_tells_is_not_compared_so_that_its_answer_is_not_kept(
    told, named
):
    policy = Policy(tells_who=True, told=frozenset((told,)))
    said = {"policy": policy, "cache_control": b"public, max-age=60"}
    assert judged(vary=named, **said) is refusal.VARY
    assert is_fresh(judged(vary=told, **said))


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_an_answer_that_says_nothing_is_refused_as_one_that_says_nothing_of_use(status):
    """By a shorter way; the other has to look at a directive that nobody knows."""
    silent = judged(status=status, server=b"x", date=0.0)
    assert silent is judged(status=status, server=b"x", date=0.0, cache_control=b"unknown")
    assert silent in (refusal.UNSAID, refusal.UNSAID_STATUS)
    for policy in (Policy(ttl=9.0), Policy(status_ttl={status: 9.0})):
        if (status < 400 and status != 302) or policy.status_ttl:
            assert is_fresh(judged(status=status, policy=policy, server=b"x"))
    assert judged(get(b"POST"), status=status, server=b"x") is refusal.POST


def test_where_the_origin_is_told_who_asks_only_public_and_s_maxage_let_others_have_it():
    knows = Policy(tells_who=True)
    for line in (b"max-age=60", b"max-age=60, must-revalidate", b"max-age=60, proxy-revalidate"):
        assert judged(policy=knows, cache_control=line) is refusal.IDENTITY
        shown = get(authorization=b"Basic x")
        assert judged(shown, policy=knows, cache_control=line) is refusal.IDENTITY
    for line in (b"public, max-age=60", b"s-maxage=60", b"public, max-age=60, must-revalidate"):
        assert is_fresh(judged(policy=knows, cache_control=line))
    assert is_fresh(judged(get(authorization=b"x"), cache_control=b"max-age=60, must-revalidate"))
    found = judged(policy=knows, status=404, cache_control=b"public, max-age=60")
    assert found is refusal.OWN_ERROR
    asked = replace(knows, ignore=frozenset((b"authorization",)))
    assert is_fresh(judged(policy=asked, cache_control=b"max-age=60"))


def test_trailers_are_not_announced_of_what_is_stored_without_them() -> None:
    assert kept(cache_control=b"max-age=60", trailer=b"x-sum").get(b"trailer") is None
