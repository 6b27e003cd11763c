"""Fields before they leave by HTTP/2."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.errors import InternalError
from porch.http.fields import HOP_BY_HOP, REMEMBERED, FieldLines
from porch.http.h2_fields import check_fields, known_fields

TE = (b"te", b"trailers")


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    known_fields.clear()
    known_fields.add(TE)


def test_te_says_trailers_and_nothing_else() -> None:
    check_fields([TE])
    with pytest.raises(InternalError):
        check_fields([(b"te", b"gzip")])


@pytest.mark.parametrize("name", [b"x-a", b"!#$%&'*+-.^_`|~09az", b"a"])
@pytest.mark.parametrize("value", [b"", b"a", b"a b\tc", b"\xff", b"a: b"])
def test_a_field_that_may_be_sent_is_remembered(name: bytes, value: bytes) -> None:
    check_fields([(name, value)])
    assert known_fields == {TE, (name, value)}


@pytest.mark.parametrize(
    "name",
    [
        b"",
        b"X-a",
        b"a b",
        b"a:",
        b":status",
        b":path",
        b"a\r",
        b"a\n",
        b"a\0",
        b"\xff",
        *HOP_BY_HOP,
    ],
)
def test_a_name_that_must_not_leave_is_a_defect(name: bytes) -> None:
    with pytest.raises(InternalError):
        check_fields([(b"ok", b"1"), (name, b"1")])
    assert known_fields == {TE, (b"ok", b"1")}


@pytest.mark.parametrize(
    "value",
    [b"a\rb", b"a\nb", b"a\r\nx: y", b"a\0", b"\x01", b"\x7f", b" a", b"a ", b"\ta"],
)
def test_a_value_that_must_not_leave_is_a_defect(value: bytes) -> None:
    with pytest.raises(InternalError, match="x-a"):
        check_fields([(b"x-a", value)])
    assert known_fields == {TE}


def test_what_is_remembered_is_bounded_in_number_and_length() -> None:
    check_fields([(b"a", b"%d" % number) for number in range(REMEMBERED + 10)])
    assert len(known_fields) < 20
    assert TE in known_fields
    before = len(known_fields)
    check_fields([(b"a", b"a" * 2000)])
    assert len(known_fields) == before


def test_what_is_another_each_time_is_not_remembered() -> None:
    check_fields([(b"x-request-id", b"1"), (b"set-cookie", b"a=1")])
    assert known_fields == {TE}


@given(st.binary(max_size=40))
def test_what_http_1_lets_in_may_leave(line: bytes) -> None:
    """So that only a filter can make a field that may not."""
    try:
        field = FieldLines()[line]
    except ValueError:
        return
    if field[0] not in HOP_BY_HOP:
        check_fields([field])
