"""Hosts without quotes."""

import tomllib

import pytest

from porch.config.dotted import report_dotted
from porch.config.loaded import Loaded
from porch.config.locate import locate


def report(text: str) -> tuple[list[str], dict[str, object]]:
    """What is said of a text, and what of it is left."""
    data = tomllib.loads(text)
    loaded = Loaded("porch.toml")
    places = locate(text)
    loaded.places = {path: ("porch.toml", place) for path, place in places.items()}
    loaded.dotted = places.dotted
    report_dotted(loaded, data)
    return [each.text for each in loaded.problems], data


@pytest.mark.parametrize(
    ("text", "shown", "levels", "way_out"),
    [
        ("[example.com]", "[example.com]", "example → com", 'under [routes] as "example.com"'),
        ("[api.a.test]\nto = 'a:1'", "[api.a.test]", "api → a → test", 'as "api.a.test"'),
        ("[blog.a.test]", "[blog.a.test]", "blog → a → test", 'as "blog.a.test"'),
        ("[admin.a.test]", "[admin.a.test]", "admin → a → test", 'as "admin.a.test"'),
        ("[[a.test]]", "[a.test]", "a → test", 'under [routes] as "a.test"'),
        ("a.test = 'a:1'", "a.test", "a → test", 'under [routes] as "a.test"'),
        ('[a.test."/x/*"]', '[a.test."/x/*"]', "a → test → /x/*", 'as "a.test/x/*"'),
        ("[routes]\na.test = 'a:1'", "a.test", "a → test", 'in quotes, "a.test"'),
        ("[routes]\na.de.to = 'a:1'", "a.de.to", "a → de → to", 'in quotes, "a.de"'),
        ("[routes]\n10.0.0.1 = 'a:1'", "10.0.0.1", "10 → 0 → 0 → 1", 'in quotes, "10.0.0.1"'),
        ("[routes.a.test]", "[routes.a.test]", "routes → a → test", 'write [routes."a.test"]'),
        ("[site.a.test]", "[site.a.test]", "site → a → test", 'write [site."a.test"]'),
        ("routes.a.test = 'a:1'", "routes.a.test", "routes → a → test", '"a.test"'),
    ],
)
def test_a_host_without_quotes_is_told_and_taken_out(text, shown, levels, way_out):
    texts, data = report(text)
    assert len(texts) == 1
    assert texts[0].startswith(f"{shown} is read by TOML as {levels}; write ")
    assert texts[0].endswith(way_out)
    assert not any(isinstance(each, dict) and each for each in data.values())


def test_each_host_of_several_is_told():
    texts, _ = report("[a.test]\nx = 1\n[b.test]\n[a.example]\n")
    assert [text.split()[0] for text in texts] == ["[a.test]", "[b.test]", "[a.example]"]


@pytest.mark.parametrize(
    "text",
    [
        '[routes."a.test"]\nto = "a:1"',
        '[routes]\n"a.test".to = "a:1"',
        '[routes."a.test".timeouts]\nidle = "5s"',
        '[routes]\n"a.test".timeouts.idle = "5s"',
        '[routes."a.test".timeuts]\nidle = "5s"',
        '[routes."*".wehn]\nmethod = "GET"',
        "[routes.localhost.wehn]",
        "[routes.app.timeouts]",
        "[routes.app.timeoutss]",
        "[headers.request]",
        "[header.request]",
        "[pools.api]",
        "[pool.api]",
        "[pool.api.tls]",
        '[rotues."a.test"]',
        '["a.test"."/"]',
        "[cache.store]",
        "timeouts.idle = '5s'",
        "[[expect]]\nheaders.x = 'y'",
    ],
)
def test_other_names_with_dots_are_left_alone(text):
    texts, data = report(text)
    assert texts == []
    assert data == tomllib.loads(text)
