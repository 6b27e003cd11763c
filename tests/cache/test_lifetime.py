"""How long an answer is fresh: the nearest word that says so decides, and nothing is guessed that
the answer says."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.directives import FOREVER, NONE, cache_control
from porch.cache.entry import NO_CACHE, Entry
from porch.cache.lifetime import (
    EXPLICIT,
    HEURISTIC_STATUSES,
    Lifetime,
    because,
    lifetime,
    stale_windows,
)
from porch.cache.policy import HEURISTIC_CAP, STALE_ERROR, Policy
from porch.cache.targeted import in_force
from porch.http.dates import date_of

NOW = 1_700_000_000.0
DAY = 86400


def at(seconds: float) -> bytes:
    return formatdate(NOW + seconds, usegmt=True).encode()


def fields_of(*lines: bytes | None, **others: bytes | float) -> list[tuple[bytes, bytes]]:
    fields = [(b"cache-control", line) for line in lines if line is not None]
    for name, value in others.items():
        written = value if isinstance(value, bytes) else at(value)
        fields.append((name.replace("_", "-").encode(), written))
    return fields


def lasting(
    *lines: bytes | None, status: int = 200, policy: Policy | None = None, **others: bytes | float
) -> Lifetime:
    fields = fields_of(*lines, **others)
    date = date_of(b"date", fields, NOW)
    return lifetime(
        status,
        fields,
        in_force(fields),
        policy or Policy(),
        date=NOW if date is None else date,
        received=NOW,
    )


def test_an_answer_that_says_nothing_is_not_fresh():
    assert lasting() == (0, "none")
    assert lasting(date=0) == (0, "none")


@pytest.mark.parametrize(
    ("line", "seconds", "source"),
    [
        (b"max-age=3600", 3600, "max-age"),
        (b"max-age=0", 0, "max-age"),
        (b"max-age=-3600", 0, "max-age"),
        (b"max-age=99999999999", FOREVER, "max-age"),
        (b"s-maxage=3600", 3600, "s-maxage"),
        (b"max-age=3600, s-maxage=1", 1, "s-maxage"),
        (b"s-maxage=1, max-age=3600", 1, "s-maxage"),
        (b"max-age=1, s-maxage=3600", 3600, "s-maxage"),
        (b"max-age=3600, s-maxage=x", 0, "s-maxage"),
    ],
)
def test_the_word_for_shared_caches_comes_before_that_for_all(line, seconds, source):
    assert lasting(line) == (seconds, source)


@pytest.mark.parametrize("expires", [-7200, b"0", 7200])
def test_max_age_comes_before_expires(expires):
    assert lasting(b"max-age=3600", expires=expires, date=0) == (3600, "max-age")
    assert lasting(b"max-age=0", expires=expires, date=0) == (0, "max-age")
    assert lasting(b"max-age=0, s-maxage=60", expires=expires) == (60, "s-maxage")


@pytest.mark.parametrize(
    ("expires", "date", "seconds"),
    [
        (30 * DAY, 0, 30 * DAY),
        (-30 * DAY, 0, 0),
        (0, 0, 0),
        (300, 400, 0),
        (10, -10, 20),
        (20, 10, 10),
        (10, b"foo", 10),
        (b"0", 0, 0),
        (b"", 0, 0),
        (b"Thu, 18 Aug 2050 02:01:18 UTC", 0, 0),
    ],
)
def test_expires_counts_from_date(expires, date, seconds):
    assert lasting(expires=expires, date=date) == (seconds, "expires")


def test_expires_that_is_said_twice_has_passed():
    fields = [(b"expires", at(60)), (b"expires", at(60))]
    found = lifetime(200, fields, in_force(fields), Policy(), date=NOW, received=NOW)
    assert found == (0, "expires")


@pytest.mark.parametrize(
    "expires",
    [
        b"Tue, 19 Jan 2038 14:14:08 GMT",
        b"Sun, 21 Nov 2286 04:46:39 GMT",
        b"Thursday, 18-Aug-50 02:01:18 GMT",
        b"Thu Aug  8 02:01:18 2050",
        b"THU, 18 AUG 2050 02:01:18 gMT",
    ],
)
def test_far_expires_are_fresh(expires):
    found = lasting(expires=expires, date=0)
    assert DAY < found.seconds <= FOREVER


@pytest.mark.parametrize("other", [{}, {"expires": -10000}, {"expires": b"0"}, {"expires": 10000}])
@pytest.mark.parametrize("line", [None, b"max-age=1", b"no-store"])
def test_a_targeted_field_comes_before_cache_control_and_expires(line, other):
    for value, seconds in ((b"max-age=3600", 3600), (b"max-age=0", 0), (b"s-maxage=5", 5)):
        found = lasting(line, cdn_cache_control=value, date=0, **other)
        assert found == (seconds, "cdn-cache-control")


def test_a_targeted_field_without_a_lifetime_leaves_it_to_guesses_and_not_to_expires():
    found = lasting(b"max-age=60", cdn_cache_control=b"none", expires=60, last_modified=-1000)
    assert found == (100, "heuristic")


@pytest.mark.parametrize("status", sorted(HEURISTIC_STATUSES))
def test_a_tenth_of_the_time_since_it_changed_is_guessed(status):
    assert lasting(status=status, last_modified=-DAY, date=0) == (DAY / 10, "heuristic")


@pytest.mark.parametrize("status", [201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599])
def test_nothing_is_guessed_for_other_statuses_unless_they_are_public(status):
    assert lasting(status=status, last_modified=-DAY, date=0) == (0, "none")
    assert lasting(b"public", status=status, last_modified=-DAY, date=0).source == "heuristic"


def test_guesses_have_a_cap():
    assert lasting(last_modified=-1000 * DAY, date=0) == (HEURISTIC_CAP, "heuristic")


@pytest.mark.parametrize("modified", [0, 60, b"yesterday", b""])
def test_a_change_that_is_not_before_the_date_gives_no_guess(modified):
    assert lasting(last_modified=modified, date=0) == (0, "none")


@pytest.mark.parametrize("said", [{"expires": b"0"}, {"expires": -DAY}])
def test_nothing_is_guessed_where_something_is_said(said):
    assert lasting(last_modified=-DAY, date=0, **said) == (0, "expires")
    assert lasting(b"max-age=x", last_modified=-DAY) == (0, "max-age")


def test_pragma_of_old_origins_stops_guesses_and_ttl():
    policy = Policy(ttl=3600)
    assert lasting(pragma=b"no-cache", last_modified=-DAY, policy=policy) == (0, "none")
    assert lasting(b"public", pragma=b"no-cache", policy=policy) == (3600, "ttl")


def test_the_ttl_of_the_configuration_is_for_answers_that_say_nothing():
    policy = Policy(ttl=3600)
    assert lasting(policy=policy) == (3600, "ttl")
    assert lasting(policy=policy, last_modified=-DAY) == (3600, "ttl")
    assert lasting(b"max-age=1", policy=policy) == (1, "max-age")
    assert lasting(policy=policy, expires=b"0") == (0, "expires")


@pytest.mark.parametrize("status", [302, 403, 404, 410, 500, 503])
def test_the_ttl_is_not_for_errors_nor_for_redirects_of_the_moment(status):
    assert lasting(policy=Policy(ttl=3600), status=status) == (0, "none")
    assert lasting(b"public", policy=Policy(ttl=3600), status=status) == (3600, "ttl")


def test_the_ttl_of_a_status_comes_before_all_that_is_said():
    policy = Policy(ttl=3600, status_ttl={404: 10.0, 200: 0.0})
    assert lasting(b"max-age=99", policy=policy, status=404, cdn_cache_control=b"max-age=9") == (
        10,
        "status_ttl",
    )
    assert lasting(b"max-age=99", policy=policy) == (0, "status_ttl")
    assert lasting(b"max-age=99", policy=policy, status=410) == (99, "max-age")


@pytest.mark.parametrize(
    ("line", "policy", "windows"),
    [
        (b"max-age=1", Policy(), (0, STALE_ERROR)),
        (b"max-age=1", Policy(stale=30), (30, 30)),
        (b"max-age=1", Policy(stale=0), (0, 0)),
        (b"stale-while-revalidate=60", Policy(), (60, STALE_ERROR)),
        (b"stale-while-revalidate=60", Policy(stale=30), (60, 30)),
        (b"stale-if-error=60", Policy(), (0, 60)),
        (b"stale-if-error=0, stale-while-revalidate=x", Policy(stale=30), (0, 0)),
        (b'no-cache="a"', Policy(), (0, STALE_ERROR)),
        (b"s-maxage=2", Policy(stale=30), (0, 0)),
        (b"s-maxage=2, stale-while-revalidate=9", Policy(stale=30), (9, 0)),
        (b"s-maxage=2, stale-if-error=9", Policy(), (0, 9)),
    ],
)
def test_windows_of_stale_answers(line, policy, windows):
    assert stale_windows(cache_control([(b"cache-control", line)]), policy, "max-age") == windows


@pytest.mark.parametrize("line", [b"must-revalidate", b"proxy-revalidate", b"no-cache"])
def test_an_answer_that_must_be_validated_is_never_stale_by_the_answer_or_by_a_setting(line):
    said = cache_control(
        [(b"cache-control", line + b", stale-while-revalidate=9, stale-if-error=9")]
    )
    assert stale_windows(said, Policy(stale=30), "max-age") == (0, 0)


def test_what_was_never_fresh_is_stale_for_no_setting_but_on_errors():
    assert stale_windows(NONE, Policy(stale=30), "none") == (0, 30)
    said = cache_control([(b"cache-control", b"stale-while-revalidate=9")])
    assert stale_windows(said, Policy(stale=30), "none") == (9, 30)


@pytest.mark.parametrize("source", [*EXPLICIT, "heuristic", "ttl", "status_ttl", "none"])
def test_every_source_has_its_sentence(source):
    entry = Entry(200, [], 0, NOW, 0.0, 60.0, source)
    assert because(entry).startswith("It is fresh for 60 s: ")
    assert because(entry).endswith(".")
    entry.must = NO_CACHE
    assert because(entry).endswith("(RFC 9111 5.2.2.4).")


directives = st.sampled_from([b"public", b"max-age=%d", b"s-maxage=%d", b"no-cache", b"x=%d", b""])
members = st.lists(st.tuples(directives, st.integers(0, 10**12)), max_size=5)


@given(
    members,
    st.none() | st.floats(-1e6, 1e6),
    st.none() | st.floats(-1e8, 1e6),
    st.sampled_from([200, 302, 404, 503]),
    st.none() | st.floats(0, 1e6),
)
def test_no_lifetime_is_beyond_what_any_word_allows(said, expires, modified, status, ttl):
    written = [name % number if b"%" in name else name for name, number in said]
    others = {"expires": expires, "last_modified": modified}
    others = {name: value for name, value in others.items() if value is not None}
    found = lasting(b", ".join(written), status=status, policy=Policy(ttl=ttl), date=0, **others)
    assert 0 <= found.seconds <= FOREVER
    shared = [number for name, number in said if name == b"s-maxage=%d"]
    plain = [number for name, number in said if name == b"max-age=%d"]
    allowed = shared or plain
    if allowed:
        assert found.seconds == min([*allowed, FOREVER])
    elif expires is not None:
        assert found.seconds <= max(0, expires + 1)
    elif ttl is None:
        assert found.seconds <= HEURISTIC_CAP
    else:
        assert found.seconds <= max(ttl, HEURISTIC_CAP)
