"""When a stored answer is used: by its age, and by what clients ask of caches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.asker import asker
from porch.cache.entry import (
    IMMUTABLE,
    LET_IN,
    MUST_REVALIDATE,
    NO_CACHE,
    ONLY_AUTHORIZED,
    Entry,
)
from porch.cache.policy import STALE_ERROR, Policy
from porch.cache.reuse import FAILED, How, Use, absent, use
from porch.http.message import RequestHead

PLAIN = Policy()
DEAF = Policy(respect_client=False)


def request(*lines: bytes, pragma: bytes | None = None) -> RequestHead:
    fields = [(b"accept", b"*/*"), *((b"cache-control", line) for line in lines)]
    if pragma is not None:
        fields.append((b"pragma", pragma))
    return RequestHead(b"GET", b"/", b"a.test", b"https", fields)


def entry(**words: object) -> Entry:
    values = {
        "status": 200,
        "fields": [],
        "length": 3,
        "received": 0.0,
        "age": 0.0,
        "lifetime": 60.0,
        "source": "max-age",
        "stale_error": STALE_ERROR,
    }
    return Entry(**(values | words))


def used(*lines: bytes, at: float, policy: Policy = PLAIN, **words: object) -> Use:
    return use(entry(**words), request(*lines), at, policy)


# Age alone.


def test_what_is_younger_than_its_lifetime_is_served():
    found = used(at=59.9)
    assert (found.how, found.fwd) == (How.FRESH, "")


def test_what_is_as_old_as_its_lifetime_is_validated():
    found = used(at=60.0)
    assert (found.how, found.fwd, found.or_stale) == (How.VALIDATE, "stale", True)


def test_the_age_with_which_it_came_counts():
    assert used(at=0.0, age=60.0).how is How.VALIDATE


def test_the_clock_of_the_store_going_back_makes_nothing_fresh():
    assert used(at=-100.0, age=60.0).how is How.VALIDATE


def test_no_cache_of_the_answer_has_it_validated_each_time_and_never_stand_in():
    found = used(at=1.0, must=NO_CACHE, stale_while=99.0)
    assert (found.how, found.or_stale) == (How.VALIDATE, False)
    assert "no-cache" in found.why


def test_what_was_purged_softly_is_stale_but_good_for_stale_while_revalidate():
    purged = entry(stale_while=10.0)
    assert use(purged, request(), 1.0, PLAIN, is_purged=True).how is How.STALE
    found = use(entry(), request(), 1.0, PLAIN, is_purged=True)
    assert (found.how, found.or_stale) == (How.VALIDATE, True)
    assert "purged" in found.why


def test_what_only_an_authorized_one_may_have_needs_the_setting_still():
    kept = entry(must=ONLY_AUTHORIZED)
    assert use(kept, request(), 1.0, PLAIN).how is How.MISS
    allowed = Policy(ignore=frozenset((b"authorization",)))
    assert use(kept, request(), 1.0, allowed).how is How.FRESH


@pytest.mark.parametrize("bit", LET_IN)
def test_what_a_word_of_ignore_let_in_is_of_no_use_without_that_word(bit):
    kept, others = entry(must=bit), frozenset(LET_IN.values()) - {LET_IN[bit]}
    assert use(kept, request(), 1.0, PLAIN).how is How.MISS
    assert use(kept, request(), 1.0, Policy(ignore=others)).how is How.MISS
    assert use(kept, request(), 1.0, Policy(ignore=frozenset((LET_IN[bit],)))).how is How.FRESH
    both = entry(must=sum(LET_IN))
    assert use(both, request(), 1.0, Policy(ignore=others)).how is How.MISS
    assert use(both, request(), 1.0, Policy(ignore=frozenset(LET_IN.values()))).how is How.FRESH


# Stale ones: RFC 5861 and RFC 9111 4.2.4.


def test_within_its_window_it_is_served_while_it_is_validated():
    assert used(at=62.0, stale_while=4.0).how is How.STALE


def test_behind_the_window_it_is_validated_first():
    assert used(at=64.0, stale_while=4.0).how is How.VALIDATE


def test_a_stale_answer_stands_in_for_an_origin_that_fails():
    assert used(at=62.0, stale_error=60.0).or_stale
    assert not used(at=120.0, stale_error=60.0).or_stale
    assert not used(at=60.0, stale_error=0.0).or_stale


@pytest.mark.parametrize("asked", [b"", b"max-stale", b"max-stale=1000", b"stale-if-error=1000"])
def test_what_must_be_revalidated_is_never_served_stale(asked: bytes):
    found = used(asked, at=61.0, must=MUST_REVALIDATE, stale_error=0.0)
    assert (found.how, found.or_stale) == (How.VALIDATE, False)
    assert "must-revalidate" in found.why


def test_windows_that_stand_beside_s_maxage_count():
    words = {"must": MUST_REVALIDATE, "stale_while": 10.0, "stale_error": 20.0}
    assert used(at=69.0, **words).how is How.STALE
    assert used(at=75.0, **words).or_stale
    assert not used(at=80.0, **words).or_stale


def test_what_must_be_revalidated_is_served_while_it_is_fresh():
    assert used(at=59.0, must=MUST_REVALIDATE).how is How.FRESH


def test_these_answers_count_as_failures_of_the_origin():
    assert {500, 502, 503, 504} == FAILED


# What clients ask.


@pytest.mark.parametrize("asked", [b"max-age=0", b"max-age=1", b"MAX-AGE=2", b"max-age=nonsense"])
def test_a_reload_has_a_fresh_answer_validated(asked: bytes):
    found = used(asked, at=3.0)
    assert (found.how, found.fwd, found.or_stale) == (How.VALIDATE, "request", True)


def test_what_is_immutable_is_not_asked_about_by_an_ordinary_reload():
    assert used(b"max-age=0", at=30.0, must=IMMUTABLE).how is How.FRESH
    assert used(b"max-age=0", at=61.0, must=IMMUTABLE, stale_while=9.0).how is How.VALIDATE
    assert used(b"no-cache", at=30.0, must=IMMUTABLE).how is How.VALIDATE
    assert used(b"max-age=0, min-fresh=40", at=30.0, must=IMMUTABLE).how is How.VALIDATE


def test_reloads_by_max_age_0_ask_at_most_once_a_second():
    assert used(b"max-age=0", at=0.9).how is How.FRESH
    assert used(b"max-age=0", at=1.0).how is How.VALIDATE


def test_an_age_that_came_with_it_counts_for_max_age_of_the_request():
    assert used(b"max-age=600", at=0.0, age=1800.0, lifetime=1e5).how is How.VALIDATE
    assert used(b"max-age=1800", at=0.0, age=1800.0, lifetime=1e5).how is How.FRESH


@pytest.mark.parametrize("asked", [b"no-cache", b"No-Cache", b"x=1, no-cache", b"no-cache=x"])
def test_no_cache_of_the_request_has_a_fresh_answer_validated_at_once(asked: bytes):
    found = used(asked, at=0.0)
    assert (found.how, found.fwd) == (How.VALIDATE, "request")


def test_a_reload_gets_what_is_fresh_if_the_origin_fails_even_without_a_window():
    assert used(b"no-cache", at=1.0, stale_error=0.0).or_stale
    assert not used(b"no-cache", at=61.0, stale_error=0.0).or_stale


def test_min_fresh_asks_for_what_stays_fresh():
    assert used(b"min-fresh=2000", at=0.0, lifetime=1500.0).how is How.VALIDATE
    assert used(b"min-fresh=1000", at=0.0, age=1000.0, lifetime=1500.0).how is How.VALIDATE
    assert used(b"min-fresh=60", at=0.0).how is How.FRESH


def test_max_stale_takes_what_is_stale():
    assert used(b"max-stale=1000", at=1060.0).how is How.STALE
    assert used(b"max-stale=1000", at=1061.0).how is How.VALIDATE
    assert used(b"max-stale=1000", at=0.0, age=2000.0, lifetime=1500.0).how is How.STALE
    assert used(b"max-stale", at=1e9).how is How.STALE
    assert used(b"max-stale=nonsense", at=61.0).how is How.VALIDATE


def test_max_stale_takes_nothing_that_may_not_stand_in_at_an_error():
    for asked in (b"max-stale", b"max-stale=1000", b"only-if-cached, max-stale"):
        assert used(asked, at=61.0, stale_error=0.0).how in (How.VALIDATE, How.REFUSE)


@pytest.mark.parametrize("asked", [b"max-age=1000", b"min-fresh=1", b"no-cache"])
def test_a_client_that_sets_limits_gets_nothing_stale_unless_it_says_so(asked: bytes):
    found = used(asked, at=61.0, stale_while=60.0)
    assert (found.how, found.fwd) == (How.VALIDATE, "stale")


def test_max_age_and_max_stale_hold_together():
    assert used(b"max-age=100, max-stale=50", at=90.0).how is How.STALE
    assert used(b"max-age=80, max-stale=50", at=90.0).how is How.VALIDATE
    assert used(b"max-age=200, max-stale=50", at=150.0).how is How.VALIDATE


def test_no_store_of_the_request_is_neither_looked_up_nor_stored():
    found = used(b"no-store", at=1.0)
    assert (found.how, found.fwd, found.store) == (How.MISS, "request", False)
    found = absent(request(b"no-store"), PLAIN, "uri-miss")
    assert (found.how, found.fwd, found.store) == (How.MISS, "request", False)


def test_only_if_cached_gets_what_is_stored_or_504():
    assert used(b"only-if-cached", at=1.0).how is How.FRESH
    assert used(b"only-if-cached", at=61.0, stale_while=9.0).how is How.STALE
    assert used(b"only-if-cached, max-stale", at=61.0).how is How.STALE
    assert used(b"only-if-cached", at=61.0).how is How.REFUSE
    assert used(b"only-if-cached, no-cache", at=1.0).how is How.REFUSE
    assert used(b"only-if-cached, no-store", at=1.0).how is How.REFUSE
    found = absent(request(b"only-if-cached"), PLAIN, "uri-miss")
    assert found.how is How.REFUSE
    assert "504" in found.why


def test_stale_if_error_of_a_request_can_only_shorten():
    assert not used(b"stale-if-error=1", at=70.0).or_stale
    assert used(b"stale-if-error=10", at=70.0).or_stale
    assert not used(b"stale-if-error=1000", at=70.0, stale_error=5.0).or_stale


def test_pragma_counts_where_there_is_no_cache_control():
    stored = entry()
    assert use(stored, request(pragma=b"No-Cache"), 1.0, PLAIN).how is How.VALIDATE
    assert use(stored, request(b"max-age=60", pragma=b"no-cache"), 1.0, PLAIN).how is How.FRESH
    assert use(stored, request(b"", pragma=b"no-cache"), 1.0, PLAIN).how is How.FRESH
    assert use(stored, request(pragma=b"unrecognised-extension"), 1.0, PLAIN).how is How.FRESH


def test_pragma_of_the_answer_means_nothing():
    assert used(at=1.0, fields=[(b"pragma", b"no-cache")]).how is How.FRESH


def test_a_cookie_and_authorization_of_the_request_change_nothing():
    head = request()
    head.fields += [(b"cookie", b"a=b"), (b"authorization", b"Basic eDp5")]
    assert use(entry(), head, 1.0, PLAIN).how is How.FRESH


@pytest.mark.parametrize(
    "asked", [b"no-cache", b"no-store", b"max-age=0", b"only-if-cached", b"min-fresh=99"]
)
def test_a_site_may_be_deaf_to_what_clients_ask(asked: bytes):
    assert used(asked, at=1.0, policy=DEAF).how is How.FRESH
    assert used(b"max-stale", at=61.0, policy=DEAF).how is How.VALIDATE
    assert use(entry(), request(pragma=b"no-cache"), 1.0, DEAF).how is How.FRESH
    assert absent(request(asked), DEAF, "uri-miss").how is How.MISS


# What is not stored.


@pytest.mark.parametrize("fwd", ["uri-miss", "vary-miss", "miss", "partial", "method", "bypass"])
def test_why_nothing_could_be_chosen_is_told(fwd: str):
    found = absent(request(), PLAIN, fwd)
    assert (found.how, found.fwd, found.store) == (How.MISS, fwd, True)
    assert found.why


def test_a_use_can_be_printed():
    assert repr(used(at=1.0)) == "<fresh -: it is younger than its lifetime (RFC 9111 4.2)>"


# Laws.

SECONDS = st.integers(0, 200)
DIRECTIVE = st.one_of(
    st.sampled_from(["no-cache", "no-store", "only-if-cached", "max-stale", "x", "max-age=?"]),
    st.builds("{}={}".format, st.sampled_from(["max-age", "min-fresh"]), SECONDS),
    st.builds("{}={}".format, st.sampled_from(["max-stale", "stale-if-error"]), SECONDS),
)
ASKED = st.lists(DIRECTIVE, max_size=4)
ENTRIES = st.builds(
    entry,
    age=st.floats(0, 200),
    lifetime=st.floats(0, 200),
    stale_while=st.floats(0, 100),
    stale_error=st.floats(0, 100),
    must=st.integers(0, 15),
)
POLICIES = st.sampled_from([PLAIN, DEAF, Policy(ignore=frozenset((b"authorization",)))])


def found(stored: Entry, asked: list[str], at: float, policy: Policy, is_purged: bool) -> Use:
    return use(stored, request(", ".join(asked).encode()), at, policy, is_purged=is_purged)


@given(ENTRIES, ASKED, st.floats(-50, 200), POLICIES, st.booleans())
def test_nothing_is_fresh_beyond_what_any_directive_allows(stored, asked, at, policy, is_purged):
    done = found(stored, asked, at, policy, is_purged)
    if done.how is not How.FRESH:
        return
    age = stored.age_at(at)
    assert age < stored.lifetime
    assert not is_purged
    assert not stored.must & NO_CACHE
    assert not stored.must & ONLY_AUTHORIZED or b"authorization" in policy.ignore
    if policy.respect_client:
        assert "no-cache" not in asked
        assert "no-store" not in asked
        for directive in asked:
            name, _, seconds = directive.partition("=")
            if name == "max-age" and not stored.must & IMMUTABLE:
                assert int(age) <= (int(seconds) if seconds.isdigit() else 0)
            if name == "min-fresh":
                assert stored.lifetime - age >= min(
                    int(each.partition("=")[2]) for each in asked if each.startswith("min-fresh")
                )


@given(ENTRIES, ASKED, st.floats(-50, 400), POLICIES, st.booleans())
def test_nothing_is_served_stale_past_the_windows(stored, asked, at, policy, is_purged):
    done = found(stored, asked, at, policy, is_purged)
    late = stored.age_at(at) - stored.lifetime
    if done.how is How.STALE:
        takes = [float(each[10:] or "inf") for each in asked if each.startswith("max-stale")]
        has_say = policy.respect_client and not stored.must & MUST_REVALIDATE
        assert not stored.must & NO_CACHE
        assert late < stored.stale_while or (has_say and takes and late <= max(takes))
        assert "no-cache" not in asked or not policy.respect_client
    if done.or_stale:
        assert not stored.must & NO_CACHE
        assert late < stored.stale_error or (late < 0 and not is_purged)


@given(ENTRIES, ASKED, st.floats(-50, 400), POLICIES, st.booleans())
def test_every_decision_says_why_and_only_what_asks_the_origin_says_fwd(
    stored, asked, at, policy, is_purged
):
    done = found(stored, asked, at, policy, is_purged)
    assert "RFC" in done.why
    assert bool(done.fwd) == (done.how in (How.STALE, How.VALIDATE, How.MISS))
    assert done.or_stale <= (done.how is How.VALIDATE)


@given(ENTRIES, ASKED, st.floats(-50, 400), st.booleans())
def test_no_client_makes_anything_fresh(stored, asked, at, is_purged):
    if found(stored, asked, at, PLAIN, is_purged).how is How.FRESH:
        assert found(stored, [], at, PLAIN, is_purged).how is How.FRESH


# By who asks.


def test_what_is_for_one_asker_is_given_to_no_other_unasked_whatever_that_one_says():
    mine = entry(lifetime=0.0, asker=asker(request(), b""), stale_while=60.0)
    other = request(b"max-stale")
    other.fields.append((b"cookie", b"a=b"))
    for policy in (PLAIN, DEAF):
        found = use(mine, other, 1.0, policy)
        assert (found.how, found.or_stale) == (How.VALIDATE, False)
        assert use(mine, request(b"max-stale"), 1.0, policy).how is How.STALE
    other.fields[1] = (b"cache-control", b"only-if-cached, max-stale")
    assert use(mine, other, 1.0, PLAIN).how is How.REFUSE
