"""Targets."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.config.target import LATER, Target, is_pool_name, parse_target


def http(text, host, port, kind="http"):
    return Target(text=text, kind=kind, host=host, port=port)


@pytest.mark.parametrize(
    "target",
    [
        http("10.0.0.1:8000", "10.0.0.1", 8000),
        http("app:3000", "app", 3000),
        http("my_app.internal:80", "my_app.internal", 80),
        http("localhost:3000", "localhost", 3000),
        http(":3000", "127.0.0.1", 3000),
        http("[::1]:3000", "::1", 3000),
        http("http://app", "app", 80),
        http("http://app:8080", "app", 8080),
        http("https://app", "app", 443, "https"),
        http("https://[fe80::1]:8443", "fe80::1", 8443, "https"),
        http("h2://app", "app", 443, "h2"),
        http("h2://[::1]:8443", "::1", 8443, "h2"),
        http("h2c://app", "app", 80, "h2c"),
        http("h2c://app:50051", "app", 50051, "h2c"),
        Target(text="unix:/run/x.sock", kind="unix", path="/run/x.sock"),
        Target(text="redirect:https://b.test{path}", kind="redirect", url="https://b.test{path}"),
        Target(text="redirect://b.test/", kind="redirect", url="//b.test/"),
        Target(text="redirect:/new/{id}", kind="redirect", url="/new/{id}"),
        Target(text="redirect:/", kind="redirect", url="/"),
        Target(text="respond:503", kind="respond", status=503),
        Target(text="file:/srv/www", kind="file", path="/srv/www"),
        Target(text="file:www", kind="file", path="www"),
        Target(text="api", kind="pool", name="api"),
        Target(text="api-2_b", kind="pool", name="api-2_b"),
    ],
    ids=lambda target: target.text,
)
def test_a_target_is_read(target):
    assert parse_target(target.text) == target


def test_a_weight_is_kept_and_a_last_slash_is_not():
    assert parse_target("app:80", 3).weight == 3
    assert parse_target("unix:/run/x.sock", 3).weight == 3
    assert parse_target("http://app/").text == "http://app"


def test_what_answers_alone_or_is_a_pool_stands_in_no_list():
    alone = ["redirect:https://b.test", "respond:503", "file:/srv/www", "api"]
    assert all(parse_target(each).is_alone for each in alone)
    assert not any(parse_target(each).is_alone for each in ("app:80", "unix:/run/x.sock"))


@pytest.mark.parametrize("start", LATER)
def test_a_kind_of_a_later_version_is_refused_by_name(start):
    with pytest.raises(ValueError, match="is not in this version yet") as caught:
        parse_target(f"{start}anything")
    assert str(caught.value).startswith(f"'{start}' (")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("app.internal", "'app.internal' has no port; write \"app.internal:8000\""),
        ("localhost", "'localhost' has no port"),
        ("3000", "'3000' has no port"),
        ("10.0.0.1", "'10.0.0.1' has no port"),
        ("app:0", "port 0 does not exist"),
        ("app:65536", "port 65536 does not exist; ports go from 1 to 65535"),
        ("app:http", "'app:' is not a kind of target"),
        (":", "':' is not a target"),
        ("", '\'\' is not a target; write "host:port", such as "10.0.0.1:8000"'),
        ("10.0.0.256:80", "'10.0.0.256' is not an address"),
        ("10.0.0:80", "'10.0.0' is not an address"),
        ("[::g]:80", "'[::g]' is not an address"),
        ("::1:80", '"[::1]:8000" for an IPv6 address'),
        ("a..b:80", "'a..b' is not a host name"),
        ("x" * 64 + ":80", "is not a host name"),
        ("my app:80", "'my app:80' is not a target"),
        ("http://:3000", "is not a target"),
        ("http://", "is not a target"),
        ("http://app/base", 'write "http://app" and rewrite = "/base{path}"'),
        ("app:80/base/v1", 'write "app:80" and rewrite = "/base/v1{path}"'),
        ("http://app?x=1", "is not a target"),
        ("http://ann:pw@app", "write headers.request.Authorization"),
        ("ws://app:80", 'WebSocket needs no kind of its own; write "http://app:80"'),
        ("wss://app", 'write "https://app"'),
        (
            "tcp://app:80",
            "'tcp://' is not a kind of target; there are http://, https://, h2://, h2c://, unix:",
        ),
        ("fastcgi:/run/php.sock", "'fastcgi:' is not a kind of target; there are http://"),
        ("htpp://app", "'htpp://' is not a kind of target; did you mean 'http://'?"),
        ("redirct:https://b.test", "did you mean 'redirect:'?"),
        ("HTTP://app", "did you mean 'http://'?"),
        ("H2C://app", "'H2C://' is not a kind of target; did you mean 'h2c://'?"),
        ("h2c:app:80", "did you mean 'h2c://'?"),
        ("h2c:127.0.0.1:80", "'h2c:127.0.0.1:80' is not a target; write \"h2c://127.0.0.1:80\""),
        ("h2:[::1]:80", "did you mean 'h2://'?"),
        ("grpc://app:50051", 'no kind of its own; write "h2c://app:50051", or "h2://app:50051"'),
        ("grpcs://app", 'gRPC needs no kind of its own; write "h2://app" by TLS'),
        ("h2c://unix:/run/x.sock", 'a Unix socket speaks HTTP/1.1 without TLS; write "unix:/run/x'),
        ("http://unix:/run/x.sock", 'write "unix:/run/x.sock"'),
        ("unix:x.sock", 'by its whole path: "unix:/run/x.sock"'),
        ("redirect:b.test", 'a redirect leads to a URL: "redirect:https://b.test"'),
        ("redirect:", 'a redirect leads to a URL: "redirect:https://example.com{path}"'),
        ("redirect:https://", "a redirect leads to a URL"),
        ("redirect:https://b.test/a b", "a redirect leads to a URL"),
        ("redirect:https://b.test/\n", "a redirect leads to a URL"),
        ("redirect:https://b.test/ß", "write what is not ASCII as it is sent"),
        ("redirect:https://b.test/{path", "a brace that belongs to no {name}"),
        ("redirect:https://b.test/{}/", "a brace that belongs to no {name}"),
        ("respond:", "a respond has a status from 200 to 599"),
        ("respond:101", "a respond has a status from 200 to 599"),
        ("respond:600", "a respond has a status from 200 to 599"),
        ("respond:20000", "a respond has a status from 200 to 599"),
        ("respond:teapot", "a respond has a status from 200 to 599"),
    ],
)
def test_what_is_no_target_is_refused_with_the_way_out(text, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse_target(text)


def test_a_pools_name_is_one_bare_word():
    assert is_pool_name("api")
    assert not any(is_pool_name(each) for each in ("", "a.b", "a:1", "80", "localhost", "a b"))


@given(st.text(st.sampled_from("abz019.:/[]{}@-_ \n%é") | st.characters(), max_size=30))
def test_any_text_is_a_target_or_refused_with_a_sentence(text):
    target = None
    with contextlib.suppress(ValueError):
        target = parse_target(text)
    if target is None:
        return
    assert target.text == text.removesuffix("/") or target.kind not in ("http", "https")
    if target.kind in ("http", "https"):
        assert target.host
        assert 0 < target.port < 65536


def test_where_endpoints_are_found_is_a_target_with_its_options() -> None:
    found = parse_target("dns:api:80", 3, 2.0, "10.0.0.2")
    assert (found.kind, found.weight, found.is_alone) == ("found", 3, False)
    assert str(found.source) == "dns:api:80 every 2s by 10.0.0.2:53"


@pytest.mark.parametrize(("every", "resolver"), [(2.0, ""), (0.0, "10.0.0.2")])
def test_the_options_are_of_nothing_else(every: float, resolver: str) -> None:
    with pytest.raises(ValueError, match="is of dns:, srv: and the like; not of 'a:1'"):
        parse_target("a:1", 1, every, resolver)


@pytest.mark.parametrize("text", ["'ttps://a", ":://a", "a://b://c", "://a"])
def test_what_stands_before_a_host_is_known_or_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a target; before a host stands|kind of target"):
        parse_target(text)
