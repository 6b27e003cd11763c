"""The entrance of the admin door, attacked as it would be: by real sockets, byte by byte."""

from collections.abc import Iterator
from typing import Any

import pytest

from porch.manage.admin.guards import FIELDS
from porch.manage.admin.guesses import AT_ONCE
from tests.support.admin import ANN, DEE, EVE, ROB, Opened, asked, settings

JSON = {"Content-Type": "application/json"}
EVERY = "GET, HEAD, POST"


@pytest.fixture(scope="module")
def door() -> Iterator[Opened]:
    with Opened() as opened:
        yield opened


@pytest.fixture(autouse=True)
def fresh(door: Opened) -> None:
    """Nothing has been changed, and nobody has guessed."""
    door.changed.clear()
    door.within(lambda: door.door.guesses.forgive())


def change(door: Opened, **fields: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return door.ask("POST", "/v1/drain", JSON | named, b"{}")


# --- who asks ------------------------------------------------------------------------------------


def test_a_token_tells_who_asks_and_what_he_may_do(door: Opened) -> None:
    for token, name, role in ((ANN, "ann", "all"), (ROB, "rob", "read"), (EVE, "eve", "operate")):
        told = door.ask("GET", "/v1/state", token=token).json
        assert told == {"name": name, "by": "token", "role": role}


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Bearer {ANN}x",
        f"Bearer {ANN[:-1]}",
        f"Bearer {ANN.upper()}",
        f"Basic {ANN}",
        ANN,
        f"Bearer {ANN}, Bearer {ANN}",
    ],
)
def test_nobody_else_is_told_anything(door: Opened, shown: str) -> None:
    answer = door.ask("GET", "/v1/state", {"Authorization": shown})
    assert answer.status == 401
    assert answer.all("www-authenticate") == ['Bearer realm="porch"']
    assert "tokens" in answer.json["error"]


def test_two_tokens_are_none(door: Opened) -> None:
    shown = [("Authorization", f"Bearer {ANN}"), ("Authorization", f"Bearer {ANN}")]
    assert door.ask("GET", "/v1/state", shown).status == 401


def test_who_shows_nothing_is_told_the_way_in_and_a_browser_is_led_there(door: Opened) -> None:
    assert "/login" in door.ask("GET", "/v1/state").json["error"]
    answer = door.ask("GET", "/")
    assert (answer.status, answer.all("location"), answer.body) == (303, ["/login"], b"")


@pytest.mark.parametrize(
    ("token", "path", "status"),
    [
        (ROB, "/v1/drain", 403),
        (ROB, "/v1/stop", 403),
        (EVE, "/v1/drain", 200),
        (EVE, "/v1/stop", 403),
        (ANN, "/v1/drain", 200),
        (ANN, "/v1/stop", 200),
    ],
)
def test_a_role_bounds_what_may_be_done(door: Opened, token: str, path: str, status: int) -> None:
    answer = door.ask("POST", path, token=token)
    assert answer.status == status
    assert len(door.changed) == (status == 200)
    if status == 403:
        assert "role" in answer.json["error"]


def test_of_a_door_that_is_read_only_nobody_changes_anything() -> None:
    with Opened(settings(read_only=True)) as door:
        assert door.ask("GET", "/v1/state", token=ANN).json["role"] == "read"
        answer = door.ask("POST", "/v1/drain", token=ANN)
        assert (answer.status, "read only" in answer.json["error"]) == (403, True)
        assert door.changed == []


# --- guesses -------------------------------------------------------------------------------------


def test_guesses_that_come_together_are_bounded_and_then_one_that_may_be_guessed_is_not_heard(
    door: Opened,
) -> None:
    socks = [door.connect() for _ in range(30)]
    for number, sock in enumerate(socks):
        sock.sendall(asked("GET", "/v1/state", {"Authorization": f"Bearer {number:040}"}))
    statuses = [int(sock.recv(4096).split()[1]) for sock in socks]
    for sock in socks:
        sock.close()
    assert statuses.count(401) == AT_ONCE
    assert statuses.count(429) == 30 - AT_ONCE
    answer = door.ask("GET", "/v1/state", token=ANN)
    assert answer.status == 429
    assert 0 < int(answer.all("retry-after")[0]) <= 6


def test_a_right_token_that_nobody_guesses_is_heard_whatever_others_of_the_address_do(
    door: Opened,
) -> None:
    for number in range(AT_ONCE + 2):
        wrong = DEE[:-2] + f"{number:02}"
        assert door.ask("GET", "/v1/state", token=wrong).status == (
            401 if number < AT_ONCE else 429
        )
    for _ in range(3):
        assert door.ask("GET", "/v1/state", token=DEE).json["name"] == "dee"
        assert door.ask("GET", "/v1/state", token=ANN).status == 429
        assert door.ask("GET", "/v1/state", token=DEE[:-1]).status == 429
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert door.ask("POST", "/login", form, f"token={DEE}".encode()).status == 303
    assert door.ask("POST", "/login", form, f"token={ANN}".encode()).status == 429
    assert door.ask("POST", "/login", form, f"token={DEE}x".encode()).status == 429


def test_a_session_goes_on_while_somebody_guesses(door: Opened) -> None:
    cookie, _ = door.log_in()
    for _ in range(AT_ONCE + 2):
        door.ask("GET", "/v1/state", token="x" * 40)
    assert door.ask("GET", "/v1/state", {"Cookie": cookie}).status == 200


def test_of_a_guess_the_operator_reads_the_address_and_not_the_token(door: Opened) -> None:
    door.ask("GET", "/v1/state", token="guessed-" + "x" * 40)
    assert "a wrong token was shown to the admin door from 127.0.0.1" in door.output.text
    assert "guessed-" not in door.output.text


# --- for which host it is (DNS rebinding) --------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:9146"])
def test_a_name_of_the_door_is_heard_whatever_its_port(door: Opened, host: str) -> None:
    assert door.ask("GET", "/v1/state", token=ANN, host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "evil.test:9146",
        "localhost.evil.test",
        "127.0.0.1.nip.test",
        "127.0.0.2",
        "2130706433",
        "0x7f000001",
        "127.1",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "xlocalhost",
    ],
)
def test_a_name_of_somebody_else_is_not_even_with_the_token(door: Opened, host: str) -> None:
    answer = door.ask("POST", "/v1/drain", token=ANN, host=host)
    assert answer.status == 421
    assert door.changed == []
    for path in ("/", "/login", "/v1/state", "/login.css", "/nothing"):
        assert door.ask("GET", path, token=ANN, host=host).status == 421


def test_what_is_no_name_of_a_host_is_not_either(door: Opened) -> None:
    answer = door.ask("POST", "/v1/drain", token=ANN, host="localhost..")
    assert answer.status == 400
    assert door.changed == []


def test_an_absolute_target_counts_and_not_the_field_beside_it(door: Opened) -> None:
    raw = asked("GET", "http://evil.test/v1/state", {"Authorization": f"Bearer {ANN}"})
    assert door.send(raw).status in (400, 421)


@pytest.mark.parametrize("extra", ["Host: localhost\r\n", "Host: evil.test\r\n"])
def test_two_hosts_are_refused(door: Opened, extra: str) -> None:
    raw = asked("GET", "/v1/state", {"Authorization": f"Bearer {ANN}"})
    assert door.send(raw.replace(b"Host:", extra.encode() + b"Host:", 1)).status == 400


def test_without_a_host_nothing_is_told(door: Opened) -> None:
    raw = b"GET /v1/state HTTP/1.0\r\nAuthorization: Bearer %b\r\n\r\n" % ANN.encode()
    answer = door.send(raw)
    assert (answer.status, "no Host is sent" in answer.json["error"]) == (400, True)


# --- pages of other sites (CSRF) -----------------------------------------------------------------

FOREIGN = [
    {"Origin": "null"},
    {"Origin": "http://evil.test"},
    {"Origin": "http://localhost:1"},
    {"Origin": "http://localhost.evil.test"},
    {"Origin": "http://localhost@evil.test"},
    {"Origin": "http://localhost, http://localhost"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.test"},
]


@pytest.mark.parametrize("fields", FOREIGN, ids=str)
def test_a_page_of_another_site_changes_nothing_and_reads_nothing(
    door: Opened, fields: dict[str, str]
) -> None:
    cookie, csrf = door.log_in()
    session = {"Cookie": cookie, "X-Porch-Csrf": csrf}
    answer = door.ask("POST", "/v1/drain", JSON | session | fields, b"{}")
    assert (answer.status, door.changed) == (403, [])
    assert door.ask("GET", "/v1/state", session | fields).status == 403
    assert door.ask("POST", "/v1/drain", JSON | fields, b"{}", token=ANN).status == 403
    assert door.ask("POST", "/logout", session | fields).status == 403
    assert door.ask("GET", "/v1/state", session).status == 200, "the session goes on"


@pytest.mark.parametrize("fields", FOREIGN, ids=str)
def test_a_page_of_another_site_logs_nobody_in(door: Opened, fields: dict[str, str]) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"} | fields
    answer = door.ask("POST", "/login", form, f"token={ANN}".encode())
    assert (answer.status, answer.all("set-cookie")) == (403, [])


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost:80"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_the_own_page_changes_something_with_its_csrf(door: Opened, fields: dict[str, str]) -> None:
    cookie, csrf = door.log_in(EVE)
    session = {"Cookie": cookie, "X-Porch-Csrf": csrf}
    assert door.ask("POST", "/v1/drain", JSON | session | fields, b"{}").status == 200
    ((caller, body),) = door.changed
    assert caller is not None
    assert (caller.name, caller.kind, caller.role, body) == ("eve", "session", "operate", b"{}")


def test_a_cookie_alone_changes_nothing(door: Opened) -> None:
    cookie, csrf = door.log_in()
    _, others = door.log_in(EVE)
    for shown in ({}, *({"X-Porch-Csrf": each} for each in ("", "x", csrf + "x", others))):
        answer = door.ask("POST", "/v1/drain", JSON | {"Cookie": cookie} | shown, b"{}")
        assert (answer.status, "X-Porch-Csrf" in answer.json["error"]) == (403, True)
    twice = [("Cookie", cookie), ("X-Porch-Csrf", csrf), ("X-Porch-Csrf", csrf)]
    assert door.ask("POST", "/v1/drain", twice).status == 403
    assert door.changed == []


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/json, text/plain",
        "application/jsonx",
        "",
    ],
)
def test_what_a_form_can_send_is_not_taken(door: Opened, kind: str) -> None:
    answer = door.ask("POST", "/v1/drain", {"Content-Type": kind}, b"{}", token=ANN)
    assert (answer.status, door.changed) == (415, [])
    assert door.ask("POST", "/v1/drain", {}, b"{}", token=ANN).status == 415


def test_no_other_origin_is_ever_allowed_anything(door: Opened) -> None:
    asking = {
        "Origin": "http://evil.test",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-porch-csrf, content-type",
        "Access-Control-Request-Private-Network": "true",
    }
    for path in ("/v1/drain", "/v1/state", "/", "/login"):
        for method in ("OPTIONS", "GET", "POST"):
            answer = door.ask(method, path, asking)
            assert answer.status in (401, 403, 405, 303, 200, 415)
            assert not any(name.startswith("access-control") for name, _ in answer.fields)


# --- paths and methods ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "//v1/drain",
        "/v1//drain",
        "/v1/../v1/drain",
        "/v1/./drain",
        "/./v1/drain",
        "/login/../v1/drain",
        "/v1/drain/",
        "/v1/drain;x=1",
        "/v1/drain%2f",
        "/v1%2fdrain",
        "/%761/drain",
        "/V1/drain",
        "/v1/drain%00",
        "/v1\\drain",
        "/v1/drain.json",
        "*",
    ],
)
def test_no_spelling_of_a_path_but_its_own_reaches_anything(door: Opened, path: str) -> None:
    answer = door.ask("POST", path, token=ANN)
    assert answer.status in (400, 404, 405)
    assert door.changed == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"])
def test_no_method_but_its_own_changes_anything(door: Opened, method: str) -> None:
    answer = door.ask(method, "/v1/drain", token=ANN)
    assert (answer.status, answer.all("allow")) == (405, ["POST"])
    assert door.changed == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "get", "G ET"])
def test_methods_that_no_api_has_are_refused(door: Opened, method: str) -> None:
    answer = door.ask(method, "/v1/state", token=ANN)
    assert answer.status in (400, 405)
    assert (answer.all("allow") != []) == (answer.status == 405)
    assert answer.json["error"]


def test_a_refused_method_is_told_all_that_are_taken(door: Opened) -> None:
    for method, allow in (("PUT", "GET, HEAD"), ("OPTIONS", "GET, HEAD"), ("TRACE", EVERY)):
        answer = door.ask(method, "/v1/state", token=ANN)
        assert (answer.status, answer.all("allow")) == (405, [allow])
        assert answer.json["error"].startswith(f"only {allow} ")


@pytest.mark.parametrize("token", [ANN, ""])
def test_the_door_as_a_whole_has_the_methods_of_all_its_paths_and_no_options(
    door: Opened, token: str
) -> None:
    answer = door.ask("OPTIONS", "*", token=token)
    assert (answer.status, answer.all("allow")) == (405, ["GET, HEAD, POST"])
    assert answer.json == {"error": "only GET, HEAD, POST is here"}


@pytest.mark.parametrize("field", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_no_field_overrides_a_method(door: Opened, field: str) -> None:
    assert door.ask("GET", "/v1/drain", {field: "POST"}, token=ANN).status == 405
    assert door.ask("GET", "/v1/state?_method=POST", {field: "POST"}, token=ANN).status == 200
    assert door.changed == []


def test_head_is_told_the_same_without_the_body(door: Opened) -> None:
    full, bare = (door.ask(each, "/v1/state", token=ANN) for each in ("GET", "HEAD"))
    assert (bare.status, bare.body) == (200, b"")
    assert bare.all("content-length") == full.all("content-length")


# --- bodies --------------------------------------------------------------------------------------


def test_a_body_over_the_bound_is_refused_before_it_is_sent(door: Opened) -> None:
    shown = JSON | {"Content-Length": "1001", "Authorization": f"Bearer {ANN}"}
    with door.connect() as sock:
        sock.sendall(asked("POST", "/v1/drain", shown))
        assert sock.recv(65536).startswith(b"HTTP/1.1 413 ")
    assert door.changed == []


def test_a_body_that_tells_no_length_is_bounded_too(door: Opened) -> None:
    shown = JSON | {"Transfer-Encoding": "chunked"}
    chunks = b"".join(b"64\r\n" + b"x" * 100 + b"\r\n" for _ in range(11)) + b"0\r\n\r\n"
    assert door.ask("POST", "/v1/drain", shown, chunks, token=ANN).status == 413
    small = b"2\r\n{}\r\n0\r\n\r\n"
    assert door.ask("POST", "/v1/drain", shown, small, token=ANN).status == 200
    assert [body for _, body in door.changed] == [b"{}"]


def test_a_body_is_not_waited_for_of_who_may_not(door: Opened) -> None:
    shown = JSON | {"Content-Length": "900"}
    for token in ("x" * 40, ROB):
        with door.connect() as sock:
            sock.sendall(asked("POST", "/v1/drain", {"Authorization": f"Bearer {token}"} | shown))
            assert sock.recv(65536).split()[1] in (b"401", b"403")


def test_a_coded_body_is_not_taken(door: Opened) -> None:
    coded = JSON | {"Content-Encoding": "gzip"}
    assert door.ask("POST", "/v1/drain", coded, b"{}", token=ANN).status == 415


def test_a_body_where_none_is_wanted_is_refused(door: Opened) -> None:
    assert door.ask("GET", "/v1/state", JSON, b"{}", token=ANN).status == 413


# --- answers -------------------------------------------------------------------------------------


def test_every_answer_has_the_guards(door: Opened) -> None:
    raws = [
        asked("GET", "/", {"Authorization": f"Bearer {ANN}"}),
        asked("GET", "/"),
        asked("GET", "/login"),
        asked("GET", "/login.css"),
        asked("GET", "/nothing"),
        asked("GET", "/v1/state"),
        asked("GET", "/v1/state", host="evil.test"),
        asked("PUT", "/v1/state"),
        asked("GET", "/v1/state", {"Authorization": "Bearer x"}),
        b"GET / HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 90000 + b"\r\n\r\n",
    ]
    for raw in raws:
        answer = door.send(raw)
        for name, value in FIELDS:
            assert answer.all(name.decode()) == [value.decode()], (raw[:60], answer)


def test_what_was_sent_does_not_become_a_field_or_a_page(door: Opened) -> None:
    for path in ("/v1/x%0d%0aSet-Cookie:%20a=b", "/<script>alert(1)</script>", "/v1/%3Cscript%3E"):
        answer = door.ask("GET", path, token=ANN)
        assert answer.status in (400, 404)
        assert b"script" not in answer.body
        assert answer.all("set-cookie") == []
    answer = door.ask("GET", "/", host="a\r\nX-Made: 1")
    assert answer.all("x-made") == []
