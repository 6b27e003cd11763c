"""The words of a route after merging."""

from porch.config.load import load_mapping
from porch.config.schema_retry import RetryModel
from porch.config.settings import (
    RouteSettings,
    host_word,
    merge_limits,
    merge_timeouts,
    site_of,
)
from porch.route.route import Limits, Timeouts


def settings(route=None, site=None, **top):
    data = {"routes": {"a.test/x/*": {"to": "a:1", **(route or {})}}, **top}
    if site is not None:
        data["site"] = {"A.test": site}
    loaded = load_mapping(data)
    assert loaded.problems == []
    return RouteSettings.of(loaded, loaded.routes[0], "a.test")


def test_nothing_said_is_the_default():
    found = settings()
    assert found.timeouts == Timeouts()
    assert found.limits == Limits()
    assert found.retry.attempts == 2
    assert found.upgrades == {b"websocket"}
    assert found.via == "porch"
    assert found.balance is None
    assert not found.underscores
    assert not found.forwarded
    assert found.headers == []
    assert found.tls.verify is None


def test_the_nearest_word_wins():
    top, site, route = {"retry": 1, "via": "top"}, {"retry": 3}, {"retry": 0}
    assert settings(**top).retry.attempts == 1
    assert settings(site=site, **top).retry.attempts == 3
    assert settings(route, site, **top).retry.attempts == 0
    assert settings(route, site, **top).via == "top"


def test_tables_merge_word_by_word():
    found = settings(
        {"timeouts": {"idle": "1s"}, "limits": {"body": "1KB"}, "tls": {"verify": True}},
        {"timeouts": {"idle": "2s", "connect": "2s"}, "tls": {"server_name": "b.test"}},
        timeouts={"idle": "3s", "connect": "3s", "response": "3s"},
        limits={"fields": 5},
    )
    assert found.timeouts == Timeouts(idle=1, connect=2, response=3)
    assert found.limits == Limits(body=1024, fields=5)
    assert (found.tls.verify, found.tls.server_name) == (True, "b.test")


def test_headers_of_all_layers_are_kept_in_order():
    found = settings({"headers": "secure"}, {"headers": {"X-A": "b"}}, headers={"X-C": "d"})
    assert [each.secure for each in found.headers] == [None, None, True]


def test_false_is_said_and_not_left_out():
    found = settings({"upgrade": False, "via": False, "underscores": False}, underscores=True)
    assert found.upgrades == frozenset()
    assert found.via == ""
    assert not found.underscores
    assert settings({"via": True}, via="top").via == "porch"
    assert settings({"upgrade": ["WebSocket"]}).upgrades == {b"websocket"}


def test_a_site_is_found_by_its_host():
    loaded = load_mapping({"routes": {"a.test": "a:1"}, "site": {"A.test": {"retry": 1}}})
    site = site_of(loaded, "A.TEST")
    assert site is not None
    assert site.retry == RetryModel(attempts=1)
    assert site_of(loaded, "b.test") is None


def test_the_top_alone_can_be_asked():
    loaded = load_mapping({"routes": {"a": "a:1"}, "timeouts": {"head": "1s"}})
    assert merge_timeouts([loaded.config]).head == 1
    assert merge_limits([loaded.config]) == Limits()


def test_a_word_of_a_host_is_that_of_its_site_then_of_wildcards_above_it_then_of_the_top():
    sites = {
        "a.b.test": {"hsts": "1h"},
        "*.a.b.test": {"retry": 1},
        "*.b.test": {"hsts": "2h"},
        "*": {"hsts": "3h"},
    }
    found = load_mapping({"routes": {"*": "a:1"}, "site": sites, "hsts": "4h"})
    for host, hours in (
        ("a.b.test", 1),
        ("x.a.b.test", 2),
        ("*.a.b.test", 2),
        ("c.b.test", 2),
        ("b.test", 3),
        ("*", 3),
    ):
        assert host_word(found, host, "hsts").max_age == hours * 3600
    del found.sites["*"]
    assert host_word(found, "b.test", "hsts").max_age == 4 * 3600
    assert host_word(found, "a.b.test", "tls_profile") is None


def test_the_nearest_turns_the_cache_on_or_off():
    assert settings().cache is None
    assert settings(cache=True).cache is not None
    assert settings(site={"cache": False}, cache=True).cache is None
    assert settings({"cache": True}, {"cache": False}).cache is not None


def test_words_of_caches_merge_also_over_one_that_turns_it_off():
    top = {"ttl": "1h", "bypass": {"cookie": {"sid": True}}, "key": {"cookies": "theme"}}
    found = settings({"cache": {"key": {"fields": "x-a"}}}, {"cache": False}, cache=top).cache
    assert found is not None
    assert (found.ttl, found.key.cookies, found.key.fields) == (3600, ["theme"], ["x-a"])
    assert found.bypass.cookie == {"sid": True}
    assert settings({"cache": "1m"}, cache=top).cache.bypass.cookie == {"sid": True}


def test_of_the_two_words_for_the_query_the_nearest_holds():
    only, but = {"key": {"query": "q"}}, {"key": {"ignore_query": "x"}}
    found = settings({"cache": but}, cache=only).cache.key
    assert (found.query, found.ignore_query) == (None, ["x"])
    found = settings({"cache": only}, cache=but).cache.key
    assert (found.query, found.ignore_query) == (["q"], None)


def test_what_keeps_requests_out_is_told_apart_from_what_only_changes_answers():
    assert settings().guards == frozenset()
    assert settings({"cors": "https://b.test", "hide": True}).guards == frozenset()
    assert settings({"deny": False, "auth": False}, deny=["10.0.0.0/8"]).guards == frozenset()
    denied = settings({"deny": ["10.0.0.0/8"]}).guards
    assert denied
    assert denied < settings({"limit": "1/s per client"}, deny=["10.0.0.0/8"]).guards
