"""The combined format, as the tools that read it expect it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.errors import ClientGone
from porch.identity import Identity
from porch.observe.combined import combined
from tests.support.ended import ended

LINE = re.compile(
    rb"(?P<client>[^ ]*) - - "
    rb"\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    rb'"(?P<request>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+) '
    rb'"(?P<referer>[^"]*)" "(?P<agent>[^"]*)"\n'
)
"""What Apache's and nginx's readers take apart."""


def read(line: bytes) -> dict[str, bytes]:
    match = LINE.fullmatch(line)
    assert match is not None, line
    assert len(line.decode("ascii").splitlines()) == 1
    return match.groupdict()


def test_a_line_as_nginx_writes_it():
    fields = [
        (b"accept", b"*/*"),
        (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64)"),
        (b"referer", b"https://example.com/?page=2"),
    ]
    assert combined([ended(b"/users?page=2", fields=fields)]) == (
        b'192.0.2.7 - - [15/Nov/2023:00:30:00 +0200] "GET /users?page=2 HTTP/1.1" 200 312 '
        b'"https://example.com/?page=2" "Mozilla/5.0 (X11; Linux x86_64)"\n'
    )


def test_fields_that_are_not_there_are_a_dash():
    line = read(combined([ended()]))
    assert (line["referer"], line["agent"]) == (b"-", b"-")


def test_each_exchange_has_a_line_in_order():
    lines = combined([ended(b"/a"), ended(b"/b")]).splitlines(keepends=True)
    assert [read(line)["request"] for line in lines] == [b"GET /a HTTP/1.1", b"GET /b HTTP/1.1"]


def test_a_client_that_left_before_its_answer_is_499():
    line = read(combined([ended(status=0, error=ClientGone("the client left"))]))
    assert line["status"] == b"499"


def test_secrets_are_redacted_in_target_and_referer_and_never_named_as_user():
    fields = [
        (b"authorization", b"Basic aHVzaDpodXNo"),
        (b"cookie", b"session=hush"),
        (b"referer", b"https://ann:hush@x/?code=hush&page=2"),
    ]
    line = combined([ended(b"/a?api_key=hush", fields=fields)])
    assert b"hush" not in line
    assert b"aHVzaDpodXNo" not in line
    assert read(line)["request"] == b"GET /a?api_key=*** HTTP/1.1"
    assert read(line)["referer"] == b"https://***@x/?code=***&page=2"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b'a"b', rb"a\x22b"),
        (b"a\\b", rb"a\x5Cb"),
        (b"a\x1b[31m\r\n", rb"a\x1B[31m\x0D\x0A"),
        (b"b\xc3\xbccher\xff", rb"b\xC3\xBCcher\xFF"),
        (b"a b", b"a b"),
    ],
)
def test_what_clients_send_is_escaped(raw, shown):
    fields = [(b"user-agent", raw), (b"referer", raw)]
    line = read(combined([ended(b"/" + raw, fields=fields)]))
    assert line["agent"] == line["referer"] == shown
    assert line["request"] == b"GET /" + shown + b" HTTP/1.1"


CLIENT = st.binary().filter(lambda raw: b" " not in raw)


@given(st.binary(), st.binary(), CLIENT, st.binary(), st.binary(), st.integers(0, 599))
def test_any_bytes_make_one_line(target, method, client, referer, agent, status):
    fields = [(b"referer", referer), (b"user-agent", agent)]
    read(combined([ended(target, method=method, client=client, fields=fields, status=status)]))


@pytest.mark.parametrize(("version", "written"), [(b"1.0", b"1.0"), (b"2", b"2.0")])
def test_a_version_has_two_digits(version, written):
    exchange = ended(b"/a")
    exchange.request.version = version
    assert read(combined([exchange]))["request"] == b"GET /a HTTP/" + written


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ann", b"ann"),
        ("ann b", b"ann\\x20b"),
        ('a"]', b"a\\x22]"),
        ("\u00e9", b"\\xC3\\xA9"),
    ],
)
def test_who_was_let_in_is_one_word_of_the_line(name, shown):
    exchange = ended()
    exchange.identity = Identity(name, "basic")
    assert combined([exchange]).startswith(b"192.0.2.7 - %b [15/Nov" % shown)
