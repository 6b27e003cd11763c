"""JSON with the keys that somebody has chosen."""

import json

import pytest

from porch.errors import ConnectionRefused, InternalError
from porch.http.message import ResponseHead
from porch.observe.fields import LONGEST, NAMES, SLOW_NAMES, Fields
from porch.observe.json_lines import json_lines
from porch.trace import Trace
from tests.support.ended import ended


def line(*names: str, **words: object) -> dict[str, object]:
    text = Fields(names)([ended(**words)])  # type: ignore[arg-type]
    assert text.count(b"\n") == 1
    assert text.isascii()
    return json.loads(text)


def test_keys_are_there_in_the_order_in_which_they_were_chosen():
    text = Fields(["status", "time", "route"])([ended()])
    assert text == b'{"status":200,"time":"2023-11-14T22:30:00.012Z","route":"example.com/*"}\n'


@pytest.mark.parametrize("error", [None, ConnectionRefused("10.0.0.11:8000 refused?token=hush")])
def test_a_key_means_what_it_means_in_a_line_with_all(error):
    words = {"status": 502, "error": error, "target": b"/\xff?token=hush", "client": b"192.0.2.9"}
    whole = json.loads(json_lines([ended(**words)]))
    assert line(*whole, **words) == whole


def test_what_has_nothing_to_say_is_null():
    found = line(*NAMES, endpoint=None)
    nothing = {"user", "endpoint", "connect_ms", "first_byte_ms", "reason", "sentence", "detail"}
    nothing.add("trace")
    assert {key for key, value in found.items() if value is None} == nothing


def test_the_trace_is_told_where_there_is_one():
    exchange = ended()
    exchange.trace = Trace(0xAB, sampled=True)
    assert json.loads(Fields(["trace"])([exchange])) == {"trace": f"{0xAB:032x}"}


def test_the_text_of_a_defect_is_not_told():
    assert line("detail", error=InternalError("who knows"))["detail"] is None


def test_a_log_of_slow_ones_has_the_usual_keys_and_the_phase():
    assert (SLOW_NAMES[0], SLOW_NAMES[-3:]) == ("time", ("sentence", "detail", "slow"))
    assert line(*SLOW_NAMES)["slow"] == "body"


def test_fields_of_requests_and_answers_are_there_by_their_names():
    exchange = ended(fields=[(b"user-agent", b"curl"), (b"x-a", b"1"), (b"x-a", b"2")])
    names = ["request.user-agent", "request.x-a", "request.x-b", "response.content-type"]
    found = json.loads(Fields(names)([exchange]))
    assert [*found.values()] == ["curl", "1, 2", None, None]
    exchange.response = ResponseHead(200, [(b"content-type", b"text/html")])
    assert json.loads(Fields(names)([exchange]))["response.content-type"] == "text/html"


def test_any_name_of_a_field_is_a_key():
    assert line("request.x%b%", "status", fields=[(b"x%b%", b"%d")]) == {
        "request.x%b%": "%d",
        "status": 200,
    }


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (b"authorization", b"Basic aHVzaA==", "***"),
        (b"cookie", b"a=hush", "***"),
        (b"x-api-key", b"hush", "***"),
        (b"referer", b"https://u:hush@a.test/?token=hush", "https://***@a.test/?token=***"),
        (b"x-original-url", b"/a?session=hush", "/a?session=***"),
        (b"x-anything", b"eyJhbGciOiJub25lIn0.hush.", "***"),
    ],
)
def test_secrets_are_not_shown_whatever_is_asked_for(name, value, shown):
    key = f"request.{name.decode()}"
    assert line(key, fields=[(name, value)])[key] == shown


def test_a_long_value_is_cut():
    found = line("request.x-a", fields=[(b"x-a", b"a" * 5000)])
    assert found["request.x-a"] == "a" * LONGEST


HOSTILE = [
    b'"}\n{"status":200',
    b"\x1b[2J\x1b]0;title\x07",
    b"a\r\nb\x00\x7f\x85\xe2\x80\xa8",
    "\u202e\u2028".encode(),
    b"\xff\xfe",
    b"\\",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_nothing_that_a_client_sends_leaves_its_value(value):
    exchange = ended(b"/" + value, method=value, host=value, fields=[(b"x-a", value)])
    exchange.id = value
    text = Fields([*NAMES, "request.x-a"])([exchange])
    assert text.count(b"\n") == 1
    assert not any(byte < 32 or byte > 126 for byte in text[:-1])
    assert [*json.loads(text)] == [*NAMES, "request.x-a"]
