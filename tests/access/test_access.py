"""Nobody gets to what is protected without what its word asks for: the whole corpus over real
sockets, in both versions of HTTP, judged by what the origin got; and with the words taken away the
same requests do get there."""

from collections.abc import Iterator

import pytest

from tests.access.corpus import CLOSED, FIELDS, MESSAGES, PATHS, STREAMS, Field
from tests.access.stage import ALLOWED, WAYS, Stage, Way, as_message, as_streams, harm_of

LED_AWAY = (
    *(b"/moved/../protected/a.txt", b"/moved/..%2fprotected/a.txt", b"/moved/%2e%2e/protected"),
    *(b"/moved/..;/protected/a.txt", b"/moved/..\\protected\\a.txt", b"/moved/x/../../protected"),
    *(b"/moved/..%00/protected", b"/moved/%2e%2e%2fprotected", b"/moved//../protected/a.txt"),
    *(b"/moved/x%2fy/..;/..;/protected", b"/moved/.%2e/protected", b"/moved/..%5cprotected"),
    *(b"/cut/../protected/a.txt", b"/cut/..%2fprotected/a.txt", b"/cut/%2e%2e/protected/a.txt"),
    *(b"/cut/..;/protected/a.txt", b"/cut/x/../../protected/a.txt", b"/cut/..\\protected"),
)
"""By routes that rewrite what they send on."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("armed"), armed=True) as made:
        yield made


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The same door without a word that protects."""
    with Stage(tmp_path_factory.mktemp("bare"), armed=False) as made:
        yield made


def spelled(way: Way) -> list[tuple[bytes, tuple[Field, ...]]]:
    """All rows that are a target and fields."""
    rows = [(path, way.sends) for path in (*PATHS, *LED_AWAY)]
    rows += [
        (target, (*way.sends, *fields))
        for fields in FIELDS
        for target in (CLOSED, b"/x")
        if not (way.sends and fields[0][0] == b"Connection")  # which no page can say
    ]
    return rows


def let_in(stage: Stage, name: str, *more: Field, source: str = "") -> list[Field]:
    """One who may come in does. Returns the fields that the origin got."""
    way = WAYS[name]
    message = as_message(way, way.target, (*way.shown, *more))
    host = name.encode() + b".test"
    got = stage.reached(lambda: stage.sends(host, message, source or way.source))
    assert [each.target for each in got][-1:] == [CLOSED], name
    return list(got[-1].fields)


def spend(stage: Stage, name: str) -> None:
    """Have what is let in once be let in."""
    if WAYS[name].spent:
        host = name.encode() + b".test"
        stage.sends(host, as_message(WAYS[name], CLOSED, ()))


def harm(stage: Stage, name: str, rows: list[tuple[bytes, tuple[Field, ...]]]) -> list[object]:
    """By HTTP/1: (row, what it did) of those that did any."""
    way, host = WAYS[name], name.encode() + b".test"
    found: list[object] = []
    for target, fields in rows:
        message = as_message(way, target, fields)
        done = harm_of(stage.reached(lambda message=message: stage.sends(host, message)))
        found += [(target, fields, done)] * bool(done)
    return found


def test_the_corpus_has_at_least_200_different_rows() -> None:
    rows = {*PATHS, *LED_AWAY} | {*FIELDS} | {*MESSAGES} | {*STREAMS}
    assert len(rows) >= 500
    assert len(PATHS) + len(LED_AWAY) >= 200


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", WAYS)
def test_no_row_gets_in_by_http_1(stage: Stage, name: str) -> None:
    spend(stage, name)
    assert harm(stage, name, spelled(WAYS[name])) == []
    host = name.encode() + b".test"
    for message in MESSAGES:
        if WAYS[name].sends and b"\r\nOrigin:" not in message:
            continue  # of a page, which sends no such bytes
        got = stage.reached(lambda message=message: stage.sends(host, message))
        assert harm_of(got) == [], message


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", WAYS)
def test_no_row_gets_in_by_http_2(stage: Stage, name: str) -> None:
    spend(stage, name)
    way, host = WAYS[name], name.encode() + b".test"
    heads = as_streams(way, spelled(way))
    if not way.sends:
        heads += STREAMS
    statuses: list[int] = []
    got = stage.reached(lambda: statuses.extend(stage.streams(host, heads)))
    assert harm_of(got) == []
    assert len(statuses) == len(heads)
    assert statuses.count(200) > 20, "those that are harmless are answered"


DELETES: tuple[tuple[bytes, bytes, bytes], ...] = (
    *((each, b"/x", b"") for each in (b"Delete", b"delete", b"dELETE")),
    *(
        (b"POST", b"/x", b"%b: %b\r\n" % (name, value))
        for name in (b"X-HTTP-Method-Override", b"X-HTTP-Method", b"X-Method-Override")
        for value in (b"DELETE", b"delete", b"GET, DELETE", b" DELETE ")
    ),
    (b"POST", b"/x", b"X.HTTP.Method.Override: DELETE\r\n"),
    (b"POST", b"/x", b"X_HTTP_METHOD_OVERRIDE: DELETE\r\n"),
    (b"POST", b"/x", b"X-HTTP-Method: GET\r\nX-HTTP-Method: DELETE\r\n"),
    *((b"POST", b"/x?" + each, b"") for each in (b"_method=DELETE", b"a=1&%5fmethod=Delete")),
    (b"POST", b"/x?$method=DELETE", b""),
    (b"POST", b"/x", b"X-Rest-Method: DELETE\r\n"),
)
"""Method, target and fields of what some origin takes for DELETE."""


def test_no_other_way_to_ask_for_a_method_gets_in(stage: Stage, bare: Stage) -> None:
    form = b"%b %b HTTP/1.1\r\nHost: method.test\r\nContent-Length: 0\r\n%b\r\n"
    for row in (*DELETES, (b"DELETE", b"/x", b"")):
        assert stage.reached(lambda row=row: stage.sends(b"", form % row)) == [], row
        assert len(bare.reached(lambda row=row: bare.sends(b"", form % row))) == 1
    asks_for_nothing = (b"POST", b"/x?_method=PUT", b"X-HTTP-Method-Override: PATCH\r\n")
    assert len(stage.reached(lambda: stage.sends(b"", form % asks_for_nothing))) == 1
    behind = (
        b"POST /x HTTP/1.1\r\nHost: method.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\nX-HTTP-Method-Override: DELETE\r\nX.Http.Method: DELETE\r\n\r\n"
    )
    got = stage.reached(lambda: stage.sends(b"", behind))
    assert [each.trailers for each in got] == [()]


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if not way.wide])
def test_who_may_come_in_does_and_the_origin_hears_it_from_the_door(
    stage: Stage, name: str
) -> None:
    forged = ((b"X-Forwarded-User", b"root"), (b"x_forwarded_user", b"root"), (b"X-Email", b"root"))
    got = let_in(stage, name, *forged)
    told = [each for each in got if b"user" in each[0] or b"email" in each[0]]
    expected = [(b"x-forwarded-user", b"ann"), (b"x-email", b"ann")] * WAYS[name].tells
    assert sorted(told) == sorted(expected)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["keys", "csrf", "block"])
def test_without_the_words_rows_of_each_kind_get_there(bare: Stage, name: str) -> None:
    """Else the tests above could not fail."""
    way, host = WAYS[name], name.encode() + b".test"
    paths = harm(bare, name, [(path, way.sends) for path in PATHS])
    assert len(paths) > 60
    assert len(harm(bare, name, [(CLOSED, (*way.sends, *each)) for each in FIELDS])) > 60
    assert len(harm(bare, name, [(b"/x", each) for each in FIELDS])) >= 4, "names of the door's"
    passed = [
        message
        for message in MESSAGES
        if harm_of(bare.reached(lambda message=message: bare.sends(host, message)))
    ]
    assert len(passed) > 20
    heads = [*as_streams(way, spelled(way)), *STREAMS]
    assert len(harm_of(bare.reached(lambda: bare.streams(host, heads)))) > 100


def test_what_is_let_in_by_an_address_is_let_in_by_no_other(stage: Stage) -> None:
    for name in ("deny", "allow"):
        message = as_message(WAYS[name], CLOSED, ())
        host = name.encode() + b".test"
        assert stage.reached(lambda: stage.sends(host, message, "127.0.0.2")) == []  # noqa: B023
        assert len(stage.reached(lambda: stage.sends(host, message, ALLOWED))) == 1  # noqa: B023
