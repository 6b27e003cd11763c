"""What no single word of a route can tell; the golden files have more."""

from typing import Any

import pytest

from porch.config.build import build
from porch.config.load import Loaded, load_mapping
from porch.config.review_route import parse_targets
from porch.config.state import State


def problems(key: str, route: Any, **words: Any) -> list[str]:
    return [each.text for each in load_mapping({"routes": {key: route}, **words}).problems]


def sentence(key: str, route: Any, **words: Any) -> str:
    """The one thing that is wrong."""
    (found,) = problems(key, route, **words)
    return found


@pytest.mark.parametrize(
    ("key", "route"),
    [
        ("a.test/x/*", {"to": "a:1", "strip": True}),
        (r"a.test/~/u/(?P<id>\d+)", {"to": "a:1", "rewrite": "/{id}/{1}{path}"}),
        (r"a.test/~/u/(?P<id>\d+)", {"to": "redirect:/{id}/{1}{path}", "status": 302}),
        ("a.test", {"to": "redirect:https://{host}{path}"}),
        ("listen/*", "a:1"),
        ("a.test", {"to": "a:1", "when": {"client": ["10.0.0.0/8"], "cookie": {"x": True}}}),
        ("GET a.test", {"to": "a:1", "when": {"method": "GET"}}),
        ("POST a.test/x", {"to": "redirect:/x", "status": 303}),
        ("a.test/x", {"to": "redirect:/x?y", "when": {"query": {"y": False}}}),
        ("a.test/x", "redirect:https://a.test/x"),
        ("a.test/x/*", "redirect:/x"),
    ],
)
def test_what_goes_together_is_fine(key, route):
    assert problems(key, route) == []


@pytest.mark.parametrize(
    ("key", "route", "said"),
    [
        ("a.test:80", "a:1", "a key names no port"),
        ("listen", ":8080", "'listen' stands at the top of the file, above [routes]"),
        ("workers", "auto", "'workers' stands at the top of the file, above [routes]"),
        ("a.test", {"to": "a:1", "strip": True}, ".strip: there is nothing to strip"),
        ("a.test/~/x", {"to": "a:1", "strip": True}, ".strip: strip does not know"),
        ("a.test", {"to": "a:1", "rewrite": "/{id}"}, ".rewrite: rewrite = '/{id}' has {id}"),
        ("a.test", {"to": "a:1", "rewrite": ""}, ".rewrite: rewrite = '' has to begin with /"),
        ("a.test", [], ".to: 'to' is empty; name a target"),
        ("a.test/x", "redirect:/x?y", "the redirect leads to itself: 'a.test/x' is the path /x"),
        ("a.test", ["a:1", "respond:503"], ".to[1]: 'respond:503' stands alone"),
        ("a.test", "api", '.to[0]: there is no [pool.api]; an address has a port: "api:8000"'),
        ("a.test", ["a:1", "b"], ".to[1]: there is no [pool.b]"),
        ("a.test", "redirect:/{id}", ".to[0]: the redirect has {id}, but there is only {path}, {"),
        (
            "a.test",
            {"to": [{"to": "dns:a:1", "proxy_protocol": "v1"}]},
            ".to[0]: 'proxy_protocol' is of an address; not of 'dns:a:1'",
        ),
        ("a.test", {"to": "a:1", "status": 302}, ".status: 'status' is of a redirect alone"),
        ("POST a.test", {"to": "a:1", "when": {"method": "GET"}}, ".when: the key says POST"),
    ],
)
def test_what_does_not_go_together_is_refused(key, route, said):
    assert said in sentence(key, route)


def test_a_pool_that_is_there_can_be_named_alone():
    pool = {"api": {"servers": "a:1"}}
    assert problems("a.test", "api", pool=pool) == []
    assert "'api' stands alone, not in a list" in sentence("a.test", ["b:1", "api"], pool=pool)
    assert "did you mean 'api'?" in problems("a.test", "apii", pool=pool)[0]


def test_a_pool_with_problems_of_its_own_is_there():
    (found,) = problems("a.test", "api", pool={"api": {"servers": "a:1", "helth": 1}})
    assert "helth" in found


@pytest.mark.parametrize(
    ("to", "word", "value"),
    [
        ("respond:404", "strip", False),
        ("respond:404", "retry", 1),
        ("redirect:https://b.test", "balance", "round-robin"),
        ("redirect:https://b.test", "tls", {"verify": True}),
    ],
)
def test_words_about_an_origin_warn_where_there_is_none(to, word, value):
    loaded = load_mapping({"routes": {"a.test/x": {"to": to, word: value}}})
    assert loaded.ok
    assert [each.text.split(": ", 1)[1] for each in loaded.problems] == [
        f"'{word}' does nothing beside '{to.split(':')[0]}:', which reaches no origin"
    ]


@pytest.mark.parametrize(("word", "value"), [("balance", "round-robin"), ("tls", {})])
def test_words_of_a_pool_warn_beside_its_name(word, value):
    found = sentence("a.test", {"to": "api", word: value}, pool={"api": {"servers": "a:1"}})
    assert f"'{word}' does nothing beside a pool; write it in [pool.api]" in found


def test_each_condition_is_refused_in_its_place():
    found = problems(
        "a.test",
        {
            "to": "a:1",
            "when": {
                "method": "get",
                "header": {"x y": True, "x-a": "~("},
                "query": {"q": "~["},
                "client": ["10.0.0.1/8"],
            },
        },
    )
    starts = [each.partition(": ")[0].removeprefix('routes."a.test".when') for each in found]
    assert starts == [".method", '.header."x y"', '.header."x-a"', ".query.q", ".client"]


def test_routes_that_tie_are_told_with_both():
    loaded = load_mapping({"routes": {"a.test/x": "a:1", "A.test/x": "a:2", "a.test/y": "a:3"}})
    (problem,) = loaded.problems
    assert '"a.test/x"' in problem.text
    assert '"A.test/x"' in problem.text
    assert "with equal weight" in problem.text


def test_priority_or_a_condition_breaks_a_tie():
    assert problems("a.test", [{"to": "a:1", "priority": 1}, {"to": "a:2"}]) == []
    assert problems("a.test", [{"to": "a:1", "when": {"method": "GET"}}, {"to": "a:2"}]) == []


def test_a_route_that_lost_a_condition_to_a_mistake_is_no_tie():
    found = problems("a.test", [{"to": "a:1", "when": {"header": {"x": 5}}}, {"to": "a:2"}])
    assert len(found) == 1


def test_a_regex_that_no_request_can_reach_is_told():
    loaded = load_mapping({"routes": {"a.test/x/*": "a:1", "a.test/~/x/y": "a:2"}})
    assert "is never taken" in loaded.problems[0].text


def test_targets_keep_their_place_in_the_list():
    loaded = Loaded()
    found = parse_targets(loaded, ["a:1", "b:x", "c:1"], ("pool", "p", "servers"))
    assert [path[-1] for path, _ in found] == [0, 2]
    assert len(loaded.problems) == 1


@pytest.mark.parametrize(
    ("to", "slot"),
    [
        ("redirect:https://{1}/", "1"),
        ("redirect://{1}", "1"),
        ("redirect:https://{1}.example.com/", "1"),
        ("redirect:https://example.com{1}", "1"),
        ("redirect:https://example.com:{1}/", "1"),
        ("redirect:https://{1}@example.com/", "1"),
        ("redirect:HTTPS://{1}{path}", "1"),
        ("redirect:https://{host}{1}/", "1"),
    ],
)
def test_a_redirect_whose_host_a_link_can_choose_is_told(to: str, slot: str) -> None:
    loaded = load_mapping({"routes": {"a.test/~/go/(.*)": to}}, "porch.toml")
    (found,) = loaded.problems
    assert (found.severity, loaded.ok) == ("warning", True)
    assert f"{{{slot}}} of the request chooses the host" in found.text


@pytest.mark.parametrize(
    "to",
    [
        "redirect:https://example.com/{1}",
        "redirect:https://example.com{path}",
        "redirect:https://{host}{path}",
        "redirect://{host}/{1}",
        "redirect:/{1}",
        "redirect:/x?to={1}",
        "redirect:https://example.com?to={1}",
        "redirect:https://example.com#{1}",
    ],
)
def test_one_whose_host_is_written_or_was_asked_is_not(to: str) -> None:
    loaded = load_mapping({"routes": {"a.test/~/go/(.*)": to}}, "porch.toml")
    assert loaded.problems == []


@pytest.mark.parametrize(
    "to",
    [
        *("{1}:80", "http://{1}", "http://{1}:80", "https://{host}", "http://a.test:{1}", "{name}"),
        *("unix:/run/{1}.sock", "srv:{1}", "dns:{1}:80", "file:/srv/{1}", "redirect:{1}"),
        *("h2c://{1}:80", "http://x@{1}:80", "http:{1}"),
    ],
)
def test_no_part_of_a_request_ever_chooses_where_it_is_forwarded(to: str) -> None:
    """It is refused, or nothing is filled in: the path of a socket is as it is written."""
    loaded = load_mapping({"routes": {"a.test/~/go/(.*)": to}}, "porch.toml")
    if not loaded.ok:
        return
    assert to == "unix:/run/{1}.sock"
    built = build(loaded, State())
    assert built is not None
    (pool,) = built.upstreams
    assert [each.name for each in pool.endpoints] == [to]
