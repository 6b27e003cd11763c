"""What a reload would change, told before it does."""

import time
from pathlib import Path
from typing import Any

import pytest

from porch.config.difference import LINES, NOTHING, difference
from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded


def loaded(**words: Any) -> Loaded:
    made = load_mapping({"listen": ":8080", "routes": {"a.test": ":1"}} | words, "porch.toml")
    assert made.ok, made.report()
    return made


def routes(**changed: Any) -> Loaded:
    return loaded(routes=changed)


def of_file(folder: Path, text: str) -> Loaded:
    file = folder / "porch.toml"
    file.write_text(text, encoding="utf-8")
    made = load(file)
    assert made.ok, made.report()
    return made


def between(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The difference of two configurations that have one route with these words."""
    return difference(routes(**{"a.test/x": before}), routes(**{"a.test/x": after}))


def test_the_same_configuration_changes_nothing() -> None:
    assert difference(loaded(), loaded()) == [NOTHING] == ["nothing changes"]


def test_order_comments_and_spelling_change_nothing(tmp_path: Path) -> None:
    before = of_file(
        tmp_path,
        'listen = [":80", ":81"]\ngrace = "60s"\n[routes]\n"A.test" = ["a:1", "http://b"]\n'
        '"b.test" = ":1"\n',
    )
    after = of_file(
        tmp_path,
        '# moved\ngrace = "1m"\nlisten = ["*:81", ":80"]\n[routes]\n"b.test" = ":1"\n'
        '[routes."a.test"]\nto = ["b:80", "a:1"]\n',
    )
    assert difference(before, after) == [NOTHING]


def test_a_route_whose_target_moves() -> None:
    before = routes(**{"example.com/api/*": "10.0.0.11:8000"})
    after = routes(**{"example.com/api/*": "10.0.0.12:8000"})
    assert difference(before, after) == [
        "route example.com/api/*: to was 10.0.0.11:8000, becomes 10.0.0.12:8000"
    ]


def test_what_goes_comes_first_and_then_what_is_new() -> None:
    before = routes(**{"a.test": ":1", "b.test": ":1"})
    after = routes(
        **{"a.test": ":2", "POST a.test/x": {"to": ["127.0.0.1:3000", ":2"], "retry": 1}}
    )
    assert difference(before, after) == [
        "route b.test: gone",
        "route POST a.test/x: new, to 127.0.0.1:3000, :2, with retry",
        "route a.test: to was :1, becomes :2",
    ]


def test_where_a_canary_leads_and_whom_it_takes() -> None:
    before = {"to": ":1", "canary": {"to": "c:1", "share": "5%"}}
    after = {"to": ":1", "canary": {"to": "c:2", "share": "12.5%"}}
    assert between(before, after) == [
        "route a.test/x: canary.to: also c:2; no longer c:1",
        "route a.test/x: canary.share was 5%, becomes 12.5%",
    ]
    assert "route a.test/x: mirror.to: new, s:1" in between(
        {"to": ":1"}, {"to": ":1", "mirror": {"to": "s:1"}}
    )


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({}, {"cache": True}, ["cache: new, true"]),
        ({"cache": True}, {"cache": "1h"}, ["cache.ttl: new, 1h"]),
        (
            {"cache": {"max_object": "1MB"}},
            {"cache": False},
            ["cache was true, becomes false", "cache.max_object was 1MB, is left out now"],
        ),
        ({"sticky": True}, {}, ["sticky was true, is left out now"]),
        (
            {"cache": {"status_ttl": {"404": "1m"}}},
            {"cache": {"status_ttl": {"404": "1m", "5xx": "5s"}}},
            ["cache.status_ttl was 404 = 60s, becomes 404 = 60s, 5xx = 5s"],
        ),
    ],
)
def test_a_word_that_is_on_without_more_is_a_change_too(
    before: dict[str, Any], after: dict[str, Any], lines: list[str]
) -> None:
    found = between({"to": ":1"} | before, {"to": ":1"} | after)
    assert found == [f"route a.test/x: {line}" for line in lines]


def test_what_joins_and_leaves_a_list_of_targets() -> None:
    to = ["a:1", "b:1", {"to": "c:1", "weight": 2}]
    assert between({"to": to}, {"to": ["a:1", "d:1", {"to": "c:1", "weight": 3}]}) == [
        "route a.test/x: weight of c:1 was 2, becomes 3",
        "route a.test/x: also to d:1; no longer to b:1",
    ]
    assert between({"to": to}, {"to": to[:2]}) == ["route a.test/x: no longer to c:1 (weight 2)"]
    assert between({"to": ["a:1", "b:1"]}, {"to": ["a:1", {"to": "b:1", "priority": 1}]}) == [
        "route a.test/x: also to b:1 (priority 1); no longer to b:1"
    ]
    assert between({"to": "b:1"}, {"to": [{"to": "b:1", "proxy_protocol": "v2"}]}) == [
        "route a.test/x: to was b:1, becomes b:1 (proxy_protocol v2)"
    ]


def test_long_lists_are_cut() -> None:
    many = [f"10.0.0.{number}:80" for number in range(1, 101)]
    shown = ", ".join(many[1:6])
    assert between({"to": many[:1]}, {"to": many}) == [
        f"route a.test/x: also to {shown} and 94 more"
    ]
    weighed = [{"to": each, "weight": 2} for each in many]
    lines = between({"to": many}, {"to": weighed})
    assert len(lines) == 6
    assert lines[-1] == "route a.test/x: and 95 more weights"


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ({}, {"strip": True}, "strip: new, true"),
        ({"retry": 3}, {}, "retry.attempts was 3, is left out now"),
        (
            {"retry": {"on": [503]}},
            {"retry": {"on": [503], "hedge": "200ms"}},
            "retry.hedge: new, 200ms",
        ),
        ({"priority": 1}, {}, "priority was 1, becomes 0"),
        (
            {"timeouts": {"idle": "90s"}},
            {"timeouts": {"idle": "5s"}},
            "timeouts.idle was 90s, becomes 5s",
        ),
        (
            {"limits": {"body": "10MB"}},
            {"limits": {"body": "65536B"}},
            "limits.body was 10MB, becomes 64KB",
        ),
        (
            {"balance": "round-robin"},
            {"balance": "least-requests"},
            "balance was round-robin, becomes least-requests",
        ),
        ({"upgrade": False}, {"upgrade": "websocket"}, "upgrade: also websocket"),
        ({"rewrite": "/a"}, {"rewrite": "/c,d"}, 'rewrite was /a, becomes "/c,d"'),
        ({"via": "a"}, {"via": False}, "via was a, becomes false"),
        ({"tls": {"verify": True}}, {"tls": {"server_name": "b"}}, "tls.server_name: new, b"),
        ({"headers": "secure"}, {"headers": {"X-A": "b"}}, "headers.response.x-a: new, b"),
        (
            {"headers": {"request": {"X-A": "b"}}},
            {"headers": {"request": {"x-a": ["b", "c d"]}}},
            'headers.request.x-a was b, becomes "b, c d"',
        ),
        (
            {"headers": {"X-A": "b"}},
            {"headers": {"x-a": False}},
            "headers.response.x-a was b, becomes false",
        ),
    ],
)
def test_each_word_of_a_route(before: dict[str, Any], after: dict[str, Any], line: str) -> None:
    to = {"to": "https://a"}
    assert f"route a.test/x: {line}" in between(to | before, to | after)


def test_words_of_the_whole() -> None:
    before = loaded(grace="30s", trust=["private"], log="json", workers=1)
    after = loaded(
        listen=[":8443", "unix:/run/a.sock"],
        grace="60s",
        trust=["private", "192.0.2.0/24"],
        log=["json", "file:/tmp/a.log"],
        workers="auto",
        debug=True,
        timeouts={"head": "5s"},
    )
    assert difference(before, after) == [
        "log: also file:/tmp/a.log",
        "timeouts.head: new, 5s",
        "listen: also :8443, unix:/run/a.sock; no longer :8080",
        "workers was 1, becomes auto",
        "trust: also 192.0.2.0/24",
        "grace was 30s, becomes 60s",
        "debug was false, becomes true",
    ]


def test_sites_and_pools() -> None:
    routes = {"a.test": "api", "b.test": "api"}
    before = loaded(
        routes=routes,
        pool={"api": {"servers": ["a:1", "b:1"]}, "old": {"servers": "c:1"}},
        site={"A.test": {"www": "redirect"}, "b.test": {"via": False}},
    )
    after = loaded(
        routes=routes,
        pool={"api": {"servers": ["a:1"], "balance": "round-robin"}, "new": {"servers": "c:1"}},
        site={"a.test": {"headers": "secure"}, "c.test": {"www": "redirect", "retry": 1}},
    )
    assert difference(before, after) == [
        "[pool.old]: gone",
        "[pool.new]: new, c:1",
        "[pool.api] servers: no longer b:1",
        "[pool.api] balance: new, round-robin",
        "[site.b.test]: gone",
        "[site.c.test]: new, with retry, www",
        "[site.a.test] headers.secure: new, true",
        "[site.a.test] www was redirect, is left out now",
    ]


def several(*tables: dict[str, Any]) -> Loaded:
    return loaded(routes={"a.test": list(tables)})


def test_routes_of_one_key_are_told_apart_by_their_conditions() -> None:
    one = {"to": ":1", "when": {"header": {"X-Beta": "1"}, "method": ["POST", "GET"]}}
    two = {"to": ":2", "when": {"client": "10.0.0.0/8", "query": {"q": "~a b"}}, "priority": 1}
    rest = {"to": ":3", "when": {"cookie": {"c": True}}}
    moved = one | {"when": {"method": ["GET", "POST"], "header": {"x-beta": "1"}}}
    assert difference(several(one, two, rest), several(rest, two, moved)) == [NOTHING]
    assert difference(
        several(one, two, rest), several({"to": ":4"}, moved | {"to": ":5"}, rest)
    ) == [
        'route a.test when query q = "~a b", client in 10.0.0.0/8: gone',
        "route a.test: new, to :4",
        "route a.test when method is GET or POST, header x-beta = 1: to was :1, becomes :5",
    ]


def test_routes_that_are_alike_but_for_their_priority() -> None:
    one, two = {"to": ":1", "priority": 1, "retry": 1}, {"to": ":2"}
    assert difference(several(one, two), several(two, one)) == [NOTHING]
    assert difference(several(one, two), several(two | {"to": ":3"}, one)) == [
        "route a.test: to was :2, becomes :3"
    ]


SECRETIVE = {
    "a.test": {
        "to": "http://${PORCH_TEST_HOST}:80",
        "headers": {"request": {"X-Door": "Bearer ${PORCH_TEST_ONE}"}},
        "timeouts": {"idle": "${PORCH_TEST_IDLE}"},
        "when": {"header": {"x-key": "${PORCH_TEST_ONE}"}},
    }
}


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def secret(host: str, one: str, idle: str) -> Loaded:
        monkeypatch.setenv("PORCH_TEST_HOST", host)
        monkeypatch.setenv("PORCH_TEST_ONE", one)
        monkeypatch.setenv("PORCH_TEST_IDLE", idle)
        return loaded(routes=SECRETIVE)

    before = secret("inside", "hunter2", "60s")
    assert difference(before, secret("inside", "hunter2", "60s")) == [NOTHING]
    after = secret("outside", 'hunter"3\n'.strip(), "90s")
    route = "route a.test when header x-key = ${PORCH_TEST_ONE}"
    assert difference(before, after) == [
        f"{route}: the secret of to changes",
        f"{route}: the secret of timeouts.idle changes",
        f"{route}: the secret of headers.request.x-door changes",
        f"{route}: the secret of when changes",
    ]
    plain = routes(**{"b.test": ":1"})
    text = "\n".join(difference(before, plain) + difference(plain, after))
    assert "hunter" not in text
    assert "side" not in text


def test_a_secret_that_becomes_a_plain_text_is_not_shown_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORCH_TEST_ONE", "hunter2")
    before = {"to": ":1", "headers": {"X-Door": "${PORCH_TEST_ONE}"}}
    after = {"to": ":1", "headers": {"X-Door": "my hunter2"}}
    assert between(before, after) == [
        "route a.test/x: headers.response.x-door was ${PORCH_TEST_ONE}, "
        'becomes "my ${PORCH_TEST_ONE}"'
    ]


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "Set-Cookie"])
def test_fields_that_carry_credentials_are_not_shown(name: str) -> None:
    def having(value: str) -> dict[str, Any]:
        return {"to": ":1", "headers": {"request": {name: value}}}

    field = f"headers.request.{name.lower()}"
    assert between(having("one"), having("two")) == [
        f"route a.test/x: the secret of {field} changes"
    ]
    assert between({"to": ":1"}, having("two")) == [f"route a.test/x: {field}: new"]
    assert between(having("two"), {"to": ":1"}) == [f"route a.test/x: {field} is left out now"]


def test_files_that_are_named_count_by_what_is_in_them(tmp_path: Path) -> None:
    def with_files(*contents: str) -> Loaded:
        for name, content in zip(("a.pem", "a.key", "ca.pem", "error.html"), contents, strict=True):
            (tmp_path / name).write_text(content)
        return of_file(
            tmp_path,
            'listen = ":80"\nerror_page = "error.html"\n[routes."a.test"]\nto = "https://a"\n'
            'tls = { ca = "ca.pem" }\n[site."a.test"]\ncert = "a.pem"\nkey = "a.key"\n',
        )

    before = with_files("1", "2", "3", "4")
    assert difference(before, with_files("1", "2", "3", "4")) == [NOTHING]
    assert difference(before, with_files("5", "2", "3", "4")) == [
        "[site.a.test] cert: the file has changed"
    ]
    assert difference(before, with_files("5", "6", "7", "8")) == [
        "error_page: the file has changed",
        "[site.a.test] cert: the file has changed",
        "[site.a.test] key: the file has changed",
        "route a.test: tls.ca: the file has changed",
    ]


def test_the_document_of_an_api_counts_by_what_is_in_it(tmp_path: Path) -> None:
    def with_document(path: str) -> Loaded:
        (tmp_path / "api.yaml").write_text(
            f"openapi: 3.1.0\npaths: {{ {path}: {{ get: {{}} }} }}\n"
        )
        words = 'listen = ":80"\n[routes."a.test"]\nto = ":1"\nopenapi = "api.yaml"\n'
        return of_file(tmp_path, words)

    before = with_document("/a")
    assert difference(before, with_document("/a")) == [NOTHING]
    assert difference(before, with_document("/b")) == [
        "route a.test: openapi.file: the file has changed"
    ]


def test_certificates_of_clients_and_for_origins_are_told_of(tmp_path: Path) -> None:
    def with_files(ca: str, cert: str, words: str = "") -> Loaded:
        for name, content in (("ca.pem", ca), ("a.pem", cert), ("a.key", "k"), ("b.pem", "b")):
            (tmp_path / name).write_text(content)
            (tmp_path / name).chmod(0o600)
        return of_file(
            tmp_path,
            'listen = ":80"\n[site."a.test"]\nclient_ca = ["ca.pem", "b.pem"]\n'
            '[[routes."a.test"]]\nto = "https://a"\nwhen.client_cert.subject = "CN=a"\n'
            f'tls = {{ cert = "a.pem", key = "a.key"{words} }}\n'
            '[[routes."a.test"]]\nto = ":1"\nwhen = { client_cert = false }\n',
        )

    before = with_files("1", "2")
    assert difference(before, with_files("1", "2")) == [NOTHING]
    assert difference(before, with_files("3", "4", ', min_version = "1.3"')) == [
        "[site.a.test] client_ca: the file has changed",
        'route a.test when client_cert.subject = "CN=a": tls.cert: the file has changed',
        'route a.test when client_cert.subject = "CN=a": tls.min_version: new, 1.3',
    ]
    (tmp_path / "password").write_text("hunter2")
    hidden = difference(before, with_files("1", "2", ', key_password = "file:password"'))
    key = 'route a.test when client_cert.subject = "CN=a": tls.key_password: new'
    assert hidden == [f"{key}, file:{tmp_path / 'password'}"]
    gone = difference(before, of_file(tmp_path, '[routes]\n"a.test" = ":1"\n'))
    assert "route a.test when client_cert = false: gone" in gone


def test_what_many_routes_change_is_counted() -> None:
    before = routes(**{f"h{number}.test": ":1" for number in range(10_000)})
    after = routes(**{f"h{number}.test": ":2" for number in range(10_000)})
    start = time.process_time()
    lines = difference(before, after)
    assert time.process_time() - start < 5  # measured: 1.2
    assert len(lines) == LINES + 1
    assert lines[0] == "route h0.test: to was :1, becomes :2"
    assert lines[-1] == "and 9,980 more routes"


def test_of_a_long_value_what_differs_is_shown() -> None:
    def policy(last: str) -> dict[str, Any]:
        return {"to": ":1", "headers": {"X-Policy": "default-src 'self'; " * 40 + last}}

    (line,) = between(policy("img-src a"), policy("img-src b"))
    assert len(line) < 200
    assert line.endswith('img-src b"')
    assert "img-src a" in line


def test_a_line_stays_a_line() -> None:
    lines = between({"to": ":1"}, {"to": ":1", "headers": {"X-A": "a\u202eb"}})
    assert lines == ["route a.test/x: headers.response.x-a: new, a\\u202eb"]


def test_a_log_with_other_words_is_another_log() -> None:
    before = loaded(log=[{"to": "file:/a.log", "errors": True}])
    after = loaded(log=[{"to": "file:/a.log", "errors": True, "slower": "2s"}])
    assert difference(before, after) == [
        "log: also file:/a.log (errors True, slower 2.0); no longer file:/a.log (errors True)"
    ]


def test_nor_are_those_in_urls() -> None:
    before, after = (
        routes(**{"a.test": f"redirect:https://u:{word}@b.test/?token={word}"})
        for word in ("hunter2", "hunter3")
    )
    told = difference(before, after)
    assert told
    assert "hunter" not in str(told)
