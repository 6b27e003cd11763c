"""Field lines: what is one, what is remembered, and that they survive a round trip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http import fields
from porch.http.fields import (
    HOP_BY_HOP,
    FieldLines,
    alike,
    decoded,
    encode,
    encoded,
    quoted,
    tokens,
)

TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
names = st.lists(st.sampled_from(TOKEN), min_size=1, max_size=20).map(bytes)
values = (
    st.lists(st.sampled_from([9, *range(0x20, 0x7F), *range(0x80, 0x100)]), max_size=40)
    .map(bytes)
    .map(lambda value: value.strip(b" \t"))
)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"Host: a.test", (b"host", b"a.test")),
        (b"host:a.test", (b"host", b"a.test")),
        (b"X:", (b"x", b"")),
        (b"X: \t ", (b"x", b"")),
        (b"X:\t a \t b\t ", (b"x", b"a \t b")),
        (b"X: a: b", (b"x", b"a: b")),
        (b"X: \x80\xff", (b"x", b"\x80\xff")),
        (b"!#$%&'*+-.^_`|~09Az: y", (b"!#$%&'*+-.^_`|~09az", b"y")),
    ],
)
def test_a_field_line_is_a_name_and_a_value(line: bytes, field: tuple[bytes, bytes]) -> None:
    """RFC 9112 5."""
    assert FieldLines()[line] == field


@pytest.mark.parametrize("byte", [*range(9), *range(10, 0x20), 0x7F])
@pytest.mark.parametrize("where", [b"x: %b", b"x: a%bb", b"x: a%b", b"%bx: a", b"x%b: a"])
def test_no_control_character_but_the_tab_is_in_a_line(where: bytes, byte: int) -> None:
    """RFC 9110 5.5."""
    with pytest.raises(ValueError, match=r".*"):
        FieldLines()[where % bytes([byte])]


@pytest.mark.parametrize("byte", [*b'"(),/;<=>?@[\\]{} \t', *range(0x7F, 0x100)])
def test_a_name_is_a_token(byte: int) -> None:
    """RFC 9110 5.1, 5.6.2."""
    with pytest.raises(ValueError, match=r".*"):
        FieldLines()[b"x%by: a" % bytes([byte])]


def test_what_is_malformed_is_not_remembered() -> None:
    lines = FieldLines()
    for _ in range(2):
        with pytest.raises(ValueError, match="x y"):
            lines[b"x y: z"]
    assert not lines


def test_a_line_is_read_once() -> None:
    lines = FieldLines()
    assert lines[b"X: y"] is lines[b"X: y"]
    assert len(lines) == 1


def test_what_is_new_each_time_is_not_remembered() -> None:
    line = b"Set-Cookie: a=b"
    assert decoded[line] == (b"set-cookie", b"a=b")
    assert line not in decoded
    assert encoded((b"set-cookie", b"a=b")) == b"set-cookie: a=b\r\n"


def test_long_lines_are_not_remembered() -> None:
    lines = FieldLines()
    lines[b"x: " + b"y" * (fields.LONGEST - 3)]
    assert len(lines) == 1
    lines[b"x: " + b"y" * (fields.LONGEST - 2)]
    assert len(lines) == 1


def test_what_is_remembered_is_bounded_in_number() -> None:
    lines = FieldLines()
    made = fields._Encoded()
    for number in range(fields.REMEMBERED + 10):
        lines[b"x: %d" % number]
        made[b"x", b"%d" % number]
    assert 0 < len(lines) <= fields.REMEMBERED
    assert 0 < len(made) <= fields.REMEMBERED


def test_what_is_sent_is_remembered_but_for_secrets_and_long_lines() -> None:
    made = fields._Encoded()
    assert made[b"x", b"y"] is made[b"x", b"y"]
    made[b"set-cookie", b"a=b"]
    made[b"x", b"y" * fields.LONGEST]
    assert list(made) == [(b"x", b"y")]


@given(st.lists(st.tuples(names, values), max_size=10))
def test_what_was_encoded_is_decoded(sent: list[tuple[bytes, bytes]]) -> None:
    block = encode(sent)
    assert block.endswith(b"\r\n") or not sent
    assert [decoded[line] for line in block.split(b"\r\n")[:-1]] == sent


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (b"", []),
        (b",, ,\t,", []),
        (b"Close", [b"close"]),
        (b" keep-alive ,\tUpgrade", [b"keep-alive", b"upgrade"]),
        (b"a b", [b"a b"]),
    ],
)
def test_a_list_is_its_members_in_small_letters(value: bytes, members: list[bytes]) -> None:
    """RFC 9110 5.6.1."""
    assert tokens(value) == members


def test_what_frames_a_message_is_hop_by_hop_but_for_its_length() -> None:
    """RFC 9110 7.6.1."""
    assert {b"connection", b"transfer-encoding", b"upgrade", b"te", b"keep-alive"} <= HOP_BY_HOP
    assert b"content-length" not in HOP_BY_HOP


@pytest.mark.parametrize(
    ("text", "string"),
    [
        (b"a b", b'"a b"'),
        (b'say "a\\b"', b'"say \\"a\\\\b\\""'),
        (b"a\x00\xe9\r\n", b'"a????"'),
        (b"", b'""'),
    ],
)
def test_a_text_is_quoted_as_a_string_of_structured_fields(text: bytes, string: bytes) -> None:
    assert quoted(text) == string


def test_names_that_an_origin_may_read_as_one_become_one():
    for each in TOKEN.strip(b"0123456789abcdefghijklmnopqrstuvwxyz"):
        assert alike(b"x%cforwarded%chost" % (each, each)) == b"x-forwarded-host"
    assert alike(b"x\xaahost") == b"x-host"
    assert alike(b"xhost") == b"xhost"
