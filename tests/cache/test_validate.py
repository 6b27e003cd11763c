"""Validation: what is asked, which stored answer a 304 speaks of, and what it changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.appraise import appraise
from porch.cache.conditions import not_modified as answer_304
from porch.cache.entry import Entry
from porch.cache.policy import Policy
from porch.cache.refusal import Refusal
from porch.cache.reuse import How, use
from porch.cache.validate import (
    MOST_TAGS,
    agrees,
    conditional,
    freshened,
    outdated,
    personal,
    selected,
    updated,
)
from porch.http.conditional import CONDITIONS, is_not_modified
from porch.http.message import Field, RequestHead, ResponseHead

WALL = 784_200_000.0
AT = 784_111_777.0  # DATE
LM = b"Sun, 06 Nov 1994 08:00:00 GMT"
DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"
NOW = b"Sun, 06 Nov 1994 09:00:00 GMT"
LENGTH = (b"content-length", b"36")


def entry(*fields: Field, received: float = 0.0, **words: object) -> Entry:
    made = Entry(200, list(fields), 36, received, 0.0, 60.0, "max-age")
    for name, value in words.items():
        setattr(made, name, value)
    return made


def tagged(tag: bytes, *fields: Field, received: float = 0.0) -> Entry:
    return entry((b"etag", tag), *fields, received=received)


def request(*fields: Field, method: bytes = b"GET") -> RequestHead:
    return RequestHead(method, b"/a?b", b"a.test", b"https", list(fields), version=b"2")


def not_modified(*fields: Field) -> ResponseHead:
    return ResponseHead(304, list(fields), 0)


def asked(chosen: Entry | None, *others: Entry) -> dict[bytes, bytes]:
    return dict(conditional(request(), chosen, others).fields)


# What is asked.


@pytest.mark.parametrize("tag", [b'"abcdef"', b'W/"abcdef"', b"abcdef"])
def test_a_tag_is_asked_for_as_it_stands(tag: bytes):
    assert asked(tagged(tag)) == {b"if-none-match": tag}


def test_last_modified_is_asked_for_where_there_is_no_tag_and_beside_one():
    assert asked(entry((b"last-modified", LM))) == {b"if-modified-since": LM}
    both = tagged(b'"a"', (b"last-modified", LM))
    assert asked(both) == {b"if-none-match": b'"a"', b"if-modified-since": LM}


def test_the_date_is_no_validator():
    assert asked(entry((b"date", DATE))) == {}


def test_variants_for_other_fields_are_offered_too():
    found = asked(None, tagged(b'"abcdef"'), tagged(b'"g"'))
    assert found == {b"if-none-match": b'"abcdef", "g"'}


def test_a_date_is_not_asked_for_where_several_could_be_meant():
    chosen = tagged(b'"a"', (b"last-modified", LM))
    assert asked(chosen, tagged(b'"b"')) == {b"if-none-match": b'"a", "b"'}


def test_variants_with_the_same_tag_are_one():
    chosen = tagged(b'"a"', (b"last-modified", LM))
    assert asked(chosen, tagged(b'"a"')) == {b"if-none-match": b'"a"', b"if-modified-since": LM}


@pytest.mark.parametrize(
    "variant",
    [
        tagged(b'W/"b"'),
        tagged(b"b"),
        tagged(b'"b"', (b"content-encoding", b"gzip")),
        entry((b"etag", b'"b"'), held=[(0, 3)]),
        entry((b"last-modified", LM)),
    ],
)
def test_variants_that_a_client_might_not_be_able_to_use_are_not_offered(variant: Entry):
    assert asked(None, variant) == {}


def test_what_is_no_tag_is_not_put_into_a_list():
    assert asked(tagged(b"a"), tagged(b'"b"')) == {b"if-none-match": b'"b"'}


@pytest.mark.parametrize("status", [203, 301, 404, 410])
def test_what_is_no_200_is_asked_for_whole(status: int):
    stored = tagged(b'"a"', (b"last-modified", LM))
    stored.status = status
    assert asked(stored) == {}
    assert asked(None, stored) == {}
    assert asked(stored, tagged(b'"b"')) == {b"if-none-match": b'"b"'}


def test_the_list_is_bounded_and_begins_with_the_chosen_one():
    found = asked(tagged(b'"me"'), *(tagged(b'"%d"' % n) for n in range(99)))
    assert found[b"if-none-match"].split(b", ")[0] == b'"me"'
    assert found[b"if-none-match"].count(b",") == MOST_TAGS - 1


def test_conditions_and_range_of_the_client_are_replaced_and_all_else_stays():
    mine = [(name, b'"client"') for name in sorted(CONDITIONS)]
    head = request((b"abc", b"123"), *mine, (b"range", b"bytes=0-1"), (b"cookie", b"a=b"))
    found = conditional(head, tagged(b'"a"'))
    assert found.fields == [(b"abc", b"123"), (b"cookie", b"a=b"), (b"if-none-match", b'"a"')]
    assert (found.method, found.target, found.authority, found.scheme, found.version) == (
        (b"GET", b"/a?b", b"a.test", b"https", b"2")
    )
    assert (b"range", b"bytes=0-1") in head.fields


def test_of_anothers_answer_the_date_is_not_asked_by():
    both = tagged(b'"a"', (b"last-modified", LM))
    assert conditional(request(), both).get(b"if-modified-since") == LM
    found = conditional(request(), both, has_date=False)
    assert found.get(b"if-none-match") == b'"a"'
    assert found.get(b"if-modified-since") is None


def test_head_validates_by_head():
    assert conditional(request(method=b"HEAD"), tagged(b'"a"')).method == b"HEAD"


# Which one a 304 speaks of.


def test_a_strong_tag_selects_all_that_have_it():
    stored = [tagged(b'"a"'), tagged(b'"b"'), tagged(b'"a"'), tagged(b'W/"a"'), entry()]
    assert selected(stored, not_modified((b"etag", b'"a"')), WALL) == [0, 2]


def test_a_strong_tag_that_is_not_stored_selects_nothing():
    stored = [tagged(b'"abcdef"', (b"last-modified", LM))]
    response = not_modified((b"etag", b'"ghijkl"'), (b"last-modified", LM), (b"date", DATE))
    assert selected(stored, response, WALL) == []
    assert selected([tagged(b'W/"a"')], not_modified((b"etag", b'"a"')), WALL) == []


def test_a_strong_date_beside_a_new_tag_selects_what_has_no_tag():
    stored = [entry((b"last-modified", LM))]
    new = (b"etag", b'"new"'), (b"last-modified", LM)
    assert selected(stored, not_modified(*new, (b"date", DATE)), WALL) == [0]
    assert selected(stored, not_modified(*new, (b"date", LM)), WALL) == []


def test_a_weak_tag_selects_the_newest_that_has_it():
    stored = [tagged(b'"a"', received=1.0), tagged(b'W/"a"', received=5.0), tagged(b'"b"')]
    assert selected(stored, not_modified((b"etag", b'W/"a"')), WALL) == [1]
    assert selected(stored, not_modified((b"etag", b'W/"c"')), WALL) == []


def test_last_modified_selects_the_newest_that_has_it():
    stored = [entry((b"last-modified", LM)), entry((b"last-modified", LM), received=9.0)]
    assert selected(stored, not_modified((b"last-modified", LM)), WALL) == [1]
    assert selected(stored, not_modified((b"last-modified", DATE)), WALL) == []


def test_a_304_that_names_nothing_means_the_one_that_was_asked_for():
    assert selected([tagged(b'"a"')], not_modified(), WALL) == [0]
    assert selected([tagged(b'"a"'), tagged(b'"b"')], not_modified(), WALL) == []
    assert selected([], not_modified(), WALL) == []


def test_other_variants_are_left_alone_where_vary_changes():
    vary = (b"vary", b"a")
    stored = [tagged(b'"a"', vary), tagged(b'"a"', vary)]
    assert selected(stored, not_modified((b"etag", b'"a"'), (b"vary", b"b")), WALL) == [0]
    assert selected(stored, not_modified((b"etag", b'"a"'), vary), WALL) == [0, 1]
    assert selected(stored, not_modified((b"etag", b'"a"')), WALL) == [0, 1]


# What it changes.


def test_what_a_304_does_not_say_stays():
    stored = entry((b"last-modified", LM), (b"test-header", b"A"))
    head = updated(stored, not_modified((b"last-modified", LM), (b"date", NOW)), b"unused")
    assert head.status == 200
    assert head.fields == [(b"test-header", b"A"), (b"last-modified", LM), (b"date", NOW)]


@pytest.mark.parametrize(
    "name",
    [
        *(b"test-header", b"x-test-header", b"content-foo", b"x-content-foo", b"cache-control"),
        *(b"content-location", b"content-md5", b"content-security-policy", b"content-type"),
        *(b"clear-site-data", b"etag", b"expires", b"public-key-pins", b"set-cookie"),
        *(b"set-cookie2", b"x-frame-options", b"x-xss-protection", b"age", b"vary", b"date"),
    ],
)
def test_a_304_updates(name: bytes):
    head = updated(
        entry((name, b"A"), (b"x", b"1"), (name, b"AA")), not_modified((name, b"B")), NOW
    )
    assert [value for found, value in head.fields if found == name] == [b"B"]


@pytest.mark.parametrize("name", [b"content-length", b"content-range", b"content-encoding"])
def test_a_304_does_not_change_what_the_stored_bytes_are(name: bytes):
    head = updated(entry((name, b"36")), not_modified((name, b"10")), NOW)
    assert head.get(name) == b"36"
    assert updated(entry(), not_modified((name, b"10")), NOW).get(name) is None


def test_all_lines_of_a_repeated_field_are_taken():
    response = not_modified((b"link", b"</c>"), (b"link", b"</d>"))
    head = updated(entry((b"link", b"</a>"), (b"link", b"</b>")), response, NOW)
    assert [value for name, value in head.fields if name == b"link"] == [b"</c>", b"</d>"]


def test_a_304_without_date_was_made_now():
    assert updated(entry((b"date", DATE)), not_modified(), NOW).get(b"date") == NOW


def test_what_was_appraised_keeps_the_body_and_what_chose_it():
    chosen_by = [(b"abc", b"123")]
    stored = entry((b"vary", b"abc"), vary=chosen_by, url=b"https://a.test/", held=[(0, 3)])
    new = entry((b"vary", b"abc"), length=0, lifetime=9.0, vary=[(b"abc", b"456")], tags=[b"t"])
    found = freshened(stored, new)
    assert (found.length, found.held, found.url, found.vary) == (
        (36, [(0, 3)], b"https://a.test/", chosen_by)
    )
    assert (found.lifetime, found.tags) == (9.0, [b"t"])


def test_a_new_vary_chooses_from_now_on():
    new = entry((b"vary", b"cookie"), vary=[(b"cookie", b"")])
    assert freshened(entry((b"vary", b"abc"), vary=[(b"abc", b"")]), new).vary == new.vary


def test_what_is_for_one_site_from_now_on_is_chosen_by_it_though_vary_is_the_same():
    ours, coded = (b"accept-encoding", b"gzip"), (b":coding", b"x")
    site, other = (b"origin", b"https://one.test"), (b"origin", b"https://two.test")
    for vary, now, both in (
        ([], [site], [site]),
        ([ours, coded], [ours, site, coded], [ours, site, coded]),
        ([ours, coded], [site], [ours, site, coded]),
        ([site], [other], [site]),
        ([site], [], [site]),
    ):
        assert freshened(entry(vary=vary), entry(vary=now)).vary == both


# HEAD.


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ((), True),
        ((LENGTH,), True),
        (((b"content-length", b"10"),), False),
        (((b"etag", b'"a"'), LENGTH), True),
        (((b"etag", b'"b"'), LENGTH), False),
        (((b"etag", b'"a"'), (b"last-modified", LM)), False),
    ],
)
def test_a_head_agrees_where_all_that_it_says_of_the_body_is_stored_so(
    fields: tuple[Field, ...], said: bool
):
    assert agrees(tagged(b'"a"'), ResponseHead(200, list(fields))) is said


def test_the_cookies_of_a_304_are_with_what_one_client_gets():
    cookies = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    stored = tagged(b'"1"')
    given = personal(stored, not_modified((b"x", b"y"), *cookies), says_cookies=True)
    assert given.fields == [*stored.fields, *cookies]
    assert personal(stored, not_modified((b"x", b"y")), says_cookies=True) is stored


def test_a_head_with_another_status_does_not_agree():
    assert not agrees(entry(status=404), ResponseHead(200, []))


def test_what_a_head_retains_and_updates():
    stored = entry((b"template-a", b"1"), (b"x", b"1"), (b"cache-control", b"max-age=2"))
    said = (b"template-a", b"2"), (b"cache-control", b"max-age=1000")
    head = updated(stored, ResponseHead(200, list(said)), NOW)
    assert head.fields == [(b"x", b"1"), *said, (b"date", NOW)]


def test_what_a_head_contradicts_is_stale():
    found = outdated(entry(stale_while=60.0, stale_error=60.0))
    assert (found.lifetime, found.stale_while, found.stale_error) == (0.0, 0.0, 60.0)


# The whole of it, with what appraises.


def kept(head: ResponseHead, at: float, of: RequestHead | None = None) -> Entry:
    """As what `head` is stored that came `at` seconds after DATE."""
    wall = AT + at
    asked_by = of or request()
    found = appraise(asked_by, head, Policy(), requested=wall, received=wall, stored=at)
    assert isinstance(found, Entry), found
    return found


def first(*fields: Field) -> Entry:
    return kept(ResponseHead(200, [(b"date", DATE), *fields], 36), 0.0)


def test_a_304_makes_it_fresh_anew():
    stored = first((b"cache-control", b"max-age=2"), (b"etag", b'"a"'))
    assert use(stored, request(), 3.0, Policy()).how is How.VALIDATE
    response = not_modified((b"etag", b'"a"'), (b"cache-control", b"max-age=3600"))
    found = freshened(
        stored, kept(updated(stored, response, b"Sun, 06 Nov 1994 08:49:40 GMT"), 3.0)
    )
    assert (found.age_at(3.0), found.lifetime, found.received) == (0.0, 3600.0, 3.0)
    assert (found.length, found.status) == (36, 200)
    assert use(found, request(), 3602.0, Policy()).how is How.FRESH


def test_the_age_of_a_304_counts_and_no_older_one():
    stored = kept(ResponseHead(200, [(b"age", b"30"), (b"cache-control", b"max-age=60")], 3), 0.0)
    assert stored.age_at(0.0) == 30.0
    came = not_modified((b"date", DATE), (b"age", b"5"))
    assert freshened(stored, kept(updated(stored, came, NOW), 0.0)).age_at(0.0) == 5.0
    assert freshened(stored, kept(updated(stored, not_modified(), DATE), 0.0)).age_at(0.0) == 0.0


def test_a_client_that_has_it_gets_304_after_validation():
    stored = first((b"last-modified", LM), (b"cache-control", b"max-age=2"))
    head = request((b"if-modified-since", LM))
    assert use(stored, head, 3.0, Policy()).how is How.VALIDATE
    assert conditional(head, stored).get(b"if-modified-since") == LM
    response = not_modified((b"last-modified", LM), (b"date", DATE))
    assert selected([stored], response, WALL) == [0]
    found = freshened(stored, kept(updated(stored, response, NOW), 0.0, conditional(head, stored)))
    assert is_not_modified(found, head, WALL)
    assert answer_304(found, 0.0).get(b"date") == DATE


def test_a_304_that_says_private_is_not_for_the_store():
    stored = first((b"etag", b'"a"'), (b"cache-control", b"max-age=2"))
    head = updated(stored, not_modified((b"cache-control", b"private")), NOW)
    found = appraise(request(), head, Policy(), requested=AT, received=AT, stored=0.0)
    assert isinstance(found, Refusal)


def test_what_a_head_says_is_stored():
    stored = first((b"template-a", b"1"), (b"cache-control", b"max-age=2"))
    said = ResponseHead(200, [(b"template-a", b"2"), (b"cache-control", b"max-age=1000")])
    assert agrees(stored, said)
    found = freshened(stored, kept(updated(stored, said, NOW), 3.0))
    assert (found.get(b"template-a"), found.lifetime) == (b"2", 1000.0)


# Laws.

NAMES = st.sampled_from([b"a", b"b", b"etag", b"content-length", b"content-encoding", b"date"])
FIELDS = st.lists(st.tuples(NAMES, st.binary(max_size=2)), max_size=6)
BODY = (b"content-length", b"content-encoding")


@given(FIELDS, FIELDS)
def test_each_field_is_that_of_the_304_or_else_the_stored_one(old: list[Field], new: list[Field]):
    found = updated(entry(*old), not_modified(*new), NOW).fields
    for name in {field[0] for field in old + new}:
        said = [field for field in new if field[0] == name]
        kept = [field for field in old if field[0] == name]
        made = [field for field in found if field[0] == name]
        if name in BODY:
            assert made == kept
        elif name == b"date" and not said:
            assert made == [(b"date", NOW)]
        else:
            assert made == (said or kept)


TAGS = st.sampled_from([b'"a"', b'"b"', b'W/"a"', b'W/"b"'])


@given(st.lists(TAGS, max_size=5), TAGS)
def test_what_a_304_with_a_tag_selects_has_that_tag(stored: list[bytes], tag: bytes):
    found = selected([tagged(each) for each in stored], not_modified((b"etag", tag)), WALL)
    for place in found:
        assert stored[place].removeprefix(b"W/") == tag.removeprefix(b"W/")
        assert stored[place] == tag or tag.startswith(b"W/")
