"""The client's own conditions: 304 for who has it already, 412 for who has another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http.conditional import CONDITIONS, is_failed, is_not_modified
from porch.http.message import Field, RequestHead, ResponseHead

WALL = 784_200_000.0
OLD = b"Sun, 06 Nov 1994 08:00:00 GMT"
AT = b"Sun, 06 Nov 1994 08:49:37 GMT"
AT_850 = b"Sunday, 06-Nov-94 08:49:37 GMT"
LATER = b"Sun, 06 Nov 1994 09:00:00 GMT"


def answer(*fields: Field, status: int = 200) -> ResponseHead:
    return ResponseHead(status, list(fields), 3)


def request(*fields: Field, method: bytes = b"GET") -> RequestHead:
    return RequestHead(method, b"/", b"a.test", b"https", list(fields))


def is_known(
    stored: bytes, asked: bytes, *, by: bytes = b"etag", of: bytes = b"if-none-match"
) -> bool:
    return is_not_modified(answer((by, stored)), request((of, asked)), WALL)


def since(stored: bytes, asked: bytes) -> bool:
    return is_known(stored, asked, by=b"last-modified", of=b"if-modified-since")


# If-None-Match.


@pytest.mark.parametrize("tag", [b'"abcdef"', b'W/"abcdef"', b'"abcdef\xfc"', b'""', b'"a,b"'])
def test_a_client_that_has_the_same_tag_gets_304(tag: bytes):
    assert is_known(tag, tag)


@pytest.mark.parametrize(
    "listed", [b'"abcdef", "1", "2"', b'"1", "abcdef", "2"', b'"1","2","abcdef"', b'W/"abcdef"']
)
def test_one_of_several_is_enough_and_the_comparison_is_weak(listed: bytes):
    assert is_known(b'"abcdef"', listed)
    assert is_known(b'W/"abcdef"', listed)


def test_a_list_over_several_lines_counts_whole():
    head = request((b"if-none-match", b'"1"'), (b"if-none-match", b'"abcdef"'))
    assert is_not_modified(answer((b"etag", b'"abcdef"')), head, WALL)


@pytest.mark.parametrize("asked", [b'"abcde"', b"", b'"', b'"1, abcdef"', b"*, *", b'W"abcdef"'])
def test_another_tag_gets_the_answer(asked: bytes):
    assert not is_known(b'"abcdef"', asked)


@pytest.mark.parametrize("tag", [b"abcdef", b'w/"abcdef"', b'W\\"abcdef"', b'W"abcdef"'])
def test_what_is_no_tag_comes_back_from_clients_as_it_was_and_is_the_same(tag: bytes):
    assert is_known(tag, tag)


def test_quotes_are_part_of_a_tag():
    assert not is_known(b'"abcdef"', b"abcdef")
    assert not is_known(b"abcdef", b'"abcdef"')


def test_a_star_is_met_by_whatever_is_stored():
    assert is_not_modified(answer(), request((b"if-none-match", b"*")), WALL)


def test_without_a_tag_no_list_is_met():
    assert not is_not_modified(answer(), request((b"if-none-match", b'"a"')), WALL)


def test_if_none_match_goes_before_if_modified_since():
    stored = answer((b"etag", b'"a"'), (b"last-modified", AT))
    met = request((b"if-none-match", b'"a"'), (b"if-modified-since", OLD))
    assert is_not_modified(stored, met, WALL)
    unmet = request((b"if-modified-since", LATER), (b"if-none-match", b'"b"'))
    assert not is_not_modified(stored, unmet, WALL)


# If-Modified-Since.


@pytest.mark.parametrize("asked", [AT, LATER, AT_850, b"Sun Nov  6 08:49:37 1994"])
def test_a_client_that_has_it_since_it_changed_gets_304(asked: bytes):
    assert since(AT, asked)


def test_a_client_whose_copy_is_older_gets_the_answer():
    assert not since(AT, OLD)


@pytest.mark.parametrize("asked", [b"", b"yesterday", b"0", AT + b", " + AT, AT[:-4]])
def test_what_is_no_date_is_ignored(asked: bytes):
    assert not since(AT, asked)
    assert not since(b"yesterday", asked)


def test_two_lines_are_ignored():
    head = request((b"if-modified-since", LATER), (b"if-modified-since", LATER))
    assert not is_not_modified(answer((b"last-modified", AT)), head, WALL)


def test_without_last_modified_the_date_counts():
    assert is_known(AT, AT, by=b"date", of=b"if-modified-since")
    assert not is_known(AT, OLD, by=b"date", of=b"if-modified-since")
    assert not is_not_modified(answer(), request((b"if-modified-since", LATER)), WALL)


# What conditions mean nothing to.


@pytest.mark.parametrize("status", [203, 204, 301, 404, 410, 500])
def test_only_a_200_is_asked_for_conditions(status: int):
    stored = answer((b"etag", b'"a"'), status=status)
    assert not is_not_modified(stored, request((b"if-none-match", b'"a"')), WALL)


def test_other_methods_have_no_304():
    for method, has_one in ((b"HEAD", True), (b"POST", False), (b"QUERY", False)):
        head = request((b"if-none-match", b'"a"'), method=method)
        assert is_not_modified(answer((b"etag", b'"a"')), head, WALL) is has_one


def test_a_request_without_conditions_gets_the_answer():
    assert not is_not_modified(answer((b"etag", b'"a"')), request((b"accept", b"*/*")), WALL)


# If-Match and If-Unmodified-Since.


def failed(*fields: Field, tag: bytes = b'"a"', changed: bytes = AT) -> bool:
    stands = answer((b"etag", tag), (b"last-modified", changed))
    return is_failed(stands, request(*fields), WALL)


@pytest.mark.parametrize("listed", [b'"a"', b'"b", "a"', b"*"])
def test_who_names_the_state_that_is_there_goes_on(listed: bytes):
    assert not failed((b"if-match", listed))


@pytest.mark.parametrize("listed", [b'"b"', b'W/"a"', b"a", b"", b"*, *"])
def test_who_names_another_state_or_a_weak_one_fails(listed: bytes):
    assert failed((b"if-match", listed))


def test_a_weak_tag_is_met_by_a_star_alone():
    assert failed((b"if-match", b'W/"a"'), tag=b'W/"a"')
    assert not failed((b"if-match", b"*"), tag=b'W/"a"')


def test_a_list_of_states_over_several_lines_counts_whole():
    assert not failed((b"if-match", b'"b"'), (b"if-match", b'"a"'))


def test_without_a_tag_no_state_is_the_one_named():
    assert is_failed(answer(), request((b"if-match", b'"a"')), WALL)


def test_what_changed_since_then_fails():
    assert failed((b"if-unmodified-since", OLD))
    assert not failed((b"if-unmodified-since", AT))
    assert not failed((b"if-unmodified-since", LATER))


@pytest.mark.parametrize("asked", [b"", b"yesterday", AT[:-4]])
def test_a_date_that_is_none_does_not_fail(asked: bytes):
    assert not failed((b"if-unmodified-since", asked))
    assert not failed((b"if-unmodified-since", OLD), changed=b"yesterday")


def test_two_dates_are_ignored():
    assert not failed((b"if-unmodified-since", OLD), (b"if-unmodified-since", OLD))


def test_if_match_goes_before_if_unmodified_since():
    assert not failed((b"if-match", b'"a"'), (b"if-unmodified-since", OLD))
    assert failed((b"if-match", b'"b"'), (b"if-unmodified-since", LATER))


def test_a_request_without_conditions_never_fails():
    assert not failed((b"if-none-match", b'"a"'))


# Laws.

TAG = st.from_regex(rb'\A(W/)?"[a-c,]{0,2}"\Z')


@given(TAG, st.lists(TAG, max_size=5))
def test_304_is_said_exactly_where_a_tag_of_the_list_is_the_stored_one(
    tag: bytes, listed: list[bytes]
):
    bare = [each.removeprefix(b"W/") for each in listed]
    expected = tag.removeprefix(b"W/") in bare
    assert is_known(tag, b", ".join(listed)) is expected


@given(TAG, st.binary(max_size=20))
def test_no_value_of_a_condition_breaks_anything(tag: bytes, value: bytes):
    for name in sorted(CONDITIONS):
        head = request((name, value))
        assert is_not_modified(answer((b"etag", tag)), head, WALL) in (True, False)
        assert is_failed(answer((b"etag", tag)), head, WALL) in (True, False)
