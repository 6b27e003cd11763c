"""JSON lines: one exchange, one object, one line, whatever a client sends."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.errors import BadRequest, ClientGone, ConnectionRefused, InternalError
from porch.identity import Identity
from porch.observe.json_lines import json_lines
from porch.trace import Trace
from tests.support.ended import ended

USUAL = (
    b'{"time":"2023-11-14T22:30:00.012Z","id":"5f1c2a3e-1b","client":"192.0.2.7","method":"GET",'
    b'"host":"example.com","target":"/users","version":"1.1","user":null,"route":"example.com/*",'
    b'"endpoint":"10.0.0.11:8000","status":200,"attempts":1,"bytes_in":0,"bytes_out":312,"total_ms":12.100,'
    b'"connect_ms":1.300,"first_byte_ms":3.500,"reused":false,"reason":null}\n'
)


def read(line: bytes) -> dict[str, object]:
    """The object of a single line."""
    assert line.endswith(b"\n")
    assert len(line.decode("ascii").splitlines()) == 1
    return dict(json.loads(line))


def test_an_exchange_that_went_through():
    assert json_lines([ended()]) == USUAL


def test_each_exchange_has_a_line_in_order():
    lines = json_lines([ended(b"/a"), ended(b"/b"), ended(b"/a")]).splitlines(keepends=True)
    assert [read(line)["target"] for line in lines] == ["/a", "/b", "/a"]


@pytest.mark.parametrize("error", [None, ConnectionRefused("x")])
def test_a_connection_that_has_served_before_is_told(error):
    again = ended(error=error)
    again.reused = True
    lines = json_lines([ended(error=error), again]).splitlines(keepends=True)
    assert [read(line)["reused"] for line in lines] == [False, True]


def test_no_exchange_is_no_line():
    assert json_lines([]) == b""


def test_an_answer_made_at_the_door_has_no_endpoint_and_no_such_durations():
    line = read(json_lines([ended(endpoint=None, status=308)]))
    assert line["endpoint"] is line["connect_ms"] is line["first_byte_ms"] is None
    assert (line["status"], line["total_ms"], line["reason"]) == (308, 12.1, None)


def test_every_line_begins_with_the_same_keys():
    error = ConnectionRefused("10.0.0.11:8000 refused the connection")
    lines = [json_lines([each]) for each in (ended(), ended(endpoint=None), ended(error=error))]
    usual, door, failed = (list(read(line)) for line in lines)
    assert usual == door == failed[: len(usual)]
    assert failed[len(usual) :] == ["sentence", "detail"]


def test_an_error_says_its_word_its_sentence_and_its_detail():
    error = ConnectionRefused("10.0.0.11:8000 refused the connection")
    line = read(json_lines([ended(error=error, status=502)]))
    assert line["reason"] == "connection_refused"
    assert line["sentence"] == ConnectionRefused.sentence
    assert line["detail"] == "10.0.0.11:8000 refused the connection"
    assert (line["endpoint"], line["connect_ms"], line["first_byte_ms"]) == (
        "10.0.0.11:8000",
        1.3,
        None,
    )


def test_an_error_without_detail_has_no_such_key():
    assert "detail" not in read(json_lines([ended(error=ClientGone(), status=0)]))


def test_the_text_of_an_exception_out_of_user_code_is_not_logged():
    line = json_lines([ended(error=InternalError("KeyError: 'hush'"), status=500)])
    assert b"hush" not in line
    assert read(line)["reason"] == "proxy_internal_error"


def test_a_detail_is_redacted_and_escaped():
    error = BadRequest('as /a?token=hush it takes "b"\x1b\x7f')
    assert read(json_lines([ended(error=error)]))["detail"] == (
        "as /a?token=***"  # up to the next &: better too much
    )


def test_secrets_in_the_query_are_redacted():
    line = read(json_lines([ended(b"/a?page=2&token=hush")]))
    assert line["target"] == "/a?page=2&token=***"


def test_a_request_that_was_never_understood():
    line = read(
        json_lines([ended(b"-", method=b"-", host=b"", endpoint=None, error=BadRequest("x"))])
    )
    assert (line["method"], line["host"], line["target"]) == ("-", "", "-")


def test_the_stamp_follows_the_second():
    early, late = ended(), ended()
    late.ended += 0.990
    lines = json_lines([early, late, early]).splitlines()
    assert [read(line + b"\n")["time"] for line in lines] == [
        "2023-11-14T22:30:00.012Z",
        "2023-11-14T22:30:01.002Z",
        "2023-11-14T22:30:00.012Z",
    ]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'/"', '/"'),
        (b"/\\", "/\\"),
        (b"/\r\n\t\x00\x7f", "/\r\n\t\x00\x7f"),
        (b"/b\xc3\xbccher", "/bücher"),
        (b"/\xff\xfe", "/\\xff\\xfe"),
        (b"/\xed\xa0\x80", "/\\xed\\xa0\\x80"),
        (b"/\xe2\x80\xa8", "/\u2028"),
    ],
)
def test_what_clients_send_is_escaped(raw, text):
    assert read(json_lines([ended(raw)]))["target"] == text


@given(st.binary(), st.binary(), st.binary(), st.binary(), st.text(), st.text())
def test_any_bytes_make_one_line_of_valid_json(target, method, host, client, route, endpoint):
    exchange = ended(
        target, method=method, host=host, client=client, route=route, endpoint=endpoint
    )
    line = read(json_lines([exchange]))
    for name, raw in (("method", method), ("host", host), ("client", client)):
        assert line[name] == raw.decode("utf-8", "backslashreplace")
    assert line["route"] == route
    assert line["endpoint"] == endpoint


@given(st.binary(), st.text())
def test_any_bytes_in_an_error_make_one_line_of_valid_json(target, detail):
    line = read(json_lines([ended(target, error=BadRequest(detail), status=400)]))
    assert line["reason"] == "http_request_error"


@given(st.binary().filter(lambda raw: not set(raw) & set(b'?;#@"%') and b"eyJ" not in raw))
def test_a_target_without_names_is_told_unchanged(target):
    told = read(json_lines([ended(target)]))["target"]
    assert told == target.decode("utf-8", "backslashreplace")


def test_who_was_let_in_stands_in_the_line_whatever_the_name():
    usual, failed = ended(), ended(endpoint=None, status=403, error=BadRequest("x"))
    for each in (usual, failed):
        each.identity = Identity('ann "x" \u00e9', "basic")
        assert read(json_lines([each]))["user"] == 'ann "x" \u00e9'
    assert read(json_lines([ended()]))["user"] is None


def test_a_trace_stands_behind_the_id_where_there_is_one():
    for exchange in (ended(), ended(endpoint=None)):
        exchange.trace = Trace(0xAB, sampled=False)
        line = read(json_lines([exchange]))
        assert line["trace"] == f"{0xAB:032x}"
        assert [*line][1:4] == ["id", "trace", "client"]
