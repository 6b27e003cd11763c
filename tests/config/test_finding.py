"""What names a place where endpoints are found, and what does not."""

import pytest

from porch.config.finding import Source, parse_source


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("dns:api.internal:8000", ("dns", "api.internal", 8000, False)),
        ("dns:api:8000", ("dns", "api", 8000, False)),
        ("dns:http://api.internal", ("dns", "api.internal", 80, False)),
        ("dns:https://api.internal", ("dns", "api.internal", 443, True)),
        ("dns:https://api.internal:8443", ("dns", "api.internal", 8443, True)),
        ("srv:_http._tcp.api.internal", ("srv", "_http._tcp.api.internal", 0, False)),
        ("srv:https://_https._tcp.api", ("srv", "_https._tcp.api", 0, True)),
        ("docker:api", ("docker", "api", 0, False)),
        ("docker:shop-api_1.x:8000", ("docker", "shop-api_1.x", 8000, False)),
        ("list:a.json", ("list", "a.json", 0, False)),
        ("list:/run/a.toml", ("list", "/run/a.toml", 0, False)),
        ("list:https://a.test/list?of=api", ("list", "https://a.test/list?of=api", 0, False)),
        ("find:shop.backends:endpoints", ("find", "shop.backends:endpoints", 0, False)),
    ],
)
def test_a_source_has_its_kind_and_its_name(text, fields):
    found = parse_source(text)
    assert (found.kind, found.name, found.port, found.secure) == fields
    assert str(found) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dns:api.internal", 'has no port; write "dns:api.internal:8000"'),
        ("dns:10.0.0.1:80", "is an address already"),
        ("dns:", "not a name with its port"),
        ("dns:[::1]:80", "not a name with its port"),
        ("dns:api:80/x", "not a name with its port"),
        ("dns:a b:80", "not a name with its port"),
        ("dns:api:0", "port 0 does not exist"),
        ("dns:api:70000", "port 70000 does not exist"),
        ("srv:_http._tcp.api:80", "with no port"),
        ("srv:", "not a name of SRV records"),
        ("docker:", "not a container and a port"),
        ("docker:api:http", "not a container and a port"),
        ("docker:api:0", "port 0 does not exist"),
        ("list:", "is no list"),
        ("list:a.yaml", "is no list"),
        ("list:https://", "is not a URL"),
        ("list:https://a.test:x/", "is not a URL"),
        ("list:https://a.test/ b", "is not a URL"),
        ("list:https://u:p@a.test/", "no user and password"),
        ("find:shop", "is no function"),
        ("find:shop:a b", "is no function"),
    ],
)
def test_what_is_none_is_refused_in_words(text, why):
    with pytest.raises(ValueError, match=why):
        parse_source(text)


def test_options_are_part_of_its_name():
    found = parse_source("dns:api:80", 2.0, "10.0.0.2:8600")
    assert (found.every, found.resolver) == (2.0, ("10.0.0.2", 8600))
    assert str(found) == "dns:api:80 every 2s by 10.0.0.2:8600"
    assert parse_source("srv:api", 0.0, "[fd00::1]").resolver == ("fd00::1", 53)


@pytest.mark.parametrize(
    ("text", "every", "resolver", "why"),
    [
        ("docker:api:80", 2.0, "", "'every' is of"),
        ("list:a.json", 2.0, "", "'every' is of"),
        ("find:a:b", 2.0, "", "'every' is of"),
        ("list:https://a.test/", 0.0, "10.0.0.2", "'resolver' is of"),
        ("dns:api:80", 0.0, "ns.test", "is not a name server"),
        ("dns:api:80", 0.0, "10.0.0.2:0", "port 0"),
    ],
)
def test_an_option_that_says_nothing_is_refused(text, every, resolver, why):
    with pytest.raises(ValueError, match=why):
        parse_source(text, every, resolver)


def test_a_url_may_be_asked_more_often():
    assert parse_source("list:https://a.test/", 2.0).every == 2.0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dns:https://api.test", "api.test"),
        ("srv:https://_https._tcp.api.test", "api.test"),
        ("srv:https://api.test", "api.test"),
        ("list:a.json", ""),
        ("docker:api", ""),
    ],
)
def test_certificates_must_name_who_was_asked_for(text, name):
    assert parse_source(text).server_name == name


def test_who_may_be_spoken_to_by_https():
    secure = ("dns:https://a.test", "srv:https://a.test", "list:a.json", "find:a:b")
    assert all(parse_source(each).may_be_secure for each in secure)
    assert not any(parse_source(each).may_be_secure for each in ("dns:a:80", "docker:a"))


def test_two_that_are_equal_are_one():
    assert {parse_source("dns:a:80"), parse_source("dns:a:80")} == {
        Source(text="dns:a:80", kind="dns", name="a", port=80)
    }
