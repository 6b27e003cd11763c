"""The words of a route's cache as what the filter goes by."""

from pathlib import Path
from typing import Any

import pytest

from porch.cache.key import KeyRules
from porch.cache.policy import MAX_OBJECT, Policy
from porch.config.caching import bypass, caching, key_rules, policy
from porch.config.schema_cache import BypassModel, CacheKeyModel, CacheModel
from porch.config.schema_change import CanaryModel
from porch.http.message import Field, RequestHead


def said(**words: Any) -> Policy:
    return policy(CacheModel.model_validate(words))


def request(*fields: Field, target: bytes = b"/") -> RequestHead:
    return RequestHead(b"GET", target, b"a.test", b"http", list(fields))


def test_nothing_said_is_the_default() -> None:
    assert said() == Policy()


def test_every_word_arrives() -> None:
    made = said(
        ttl="1h",
        stale="0s",
        max_object="1KB",
        ignore=["vary", "set-cookie"],
        respect_client=False,
        deception=False,
    )
    assert (made.ttl, made.stale, made.max_object) == (3600, 0, 1024)
    assert made.ignore == {b"vary", b"set-cookie"}
    assert (made.respect_client, made.guard) == (False, False)


def test_a_ttl_of_nothing_is_none_and_takes_back_that_of_a_site() -> None:
    assert said(ttl="0s").ttl is None
    assert said().max_object == MAX_OBJECT


@pytest.mark.parametrize("turned", [False, True])
def test_a_status_goes_before_its_class_in_any_order(turned: bool) -> None:
    words = [("404", "1m"), ("4xx", "1s")]
    made = said(status_ttl=dict(words[::-1] if turned else words)).status_ttl
    assert (made[404], made[400], made[499]) == (60, 1, 1)
    assert 500 not in made
    assert len(made) == 100


@pytest.mark.parametrize(
    ("words", "passes", "stays"),
    [
        ({"header": {"X-Preview": True}}, request((b"x-preview", b"1")), request()),
        ({"query": {"preview": "1"}}, request(target=b"/?preview=1"), request(target=b"/?p=1")),
        ({"cookie": {"sid": True}}, request((b"cookie", b"a=b; sid=1")), request()),
        ({"cookie": {"sid": "~adm"}}, request((b"cookie", b"sid=admin")), request()),
        ({"header": {"cookie": True}}, request((b"cookie", b"a=b")), request()),
    ],
)
def test_who_fulfils_a_condition_goes_past(
    words: dict[str, Any], passes: RequestHead, stays: RequestHead
) -> None:
    made = said(bypass=words)
    assert made.passes_by(passes, b"192.0.2.1")
    assert not made.passes_by(stays, b"192.0.2.1")


def test_one_condition_of_several_is_enough() -> None:
    made = said(bypass={"cookie": {"a": True, "b": True}, "client": "10.0.0.0/8"})
    assert len(made.bypass) == 3
    assert made.passes_by(request((b"cookie", b"b=1")), b"192.0.2.1")
    assert made.passes_by(request(), b"10.1.2.3")
    assert not made.passes_by(request((b"cookie", b"c=1")), b"192.0.2.1")


@pytest.mark.parametrize(
    ("cookies", "passes"),
    [
        ([b"wp_in_0123=x"], True),
        ([b"a=b;wp_in_=x"], True),
        ([b"a=b; c=d;\t wp_in_1=x; e=f"], True),
        ([b"a=b", b"wp_in_1=x"], True),  # a client of HTTP/2 sends each in a field of its own
        ([b"wp_in=x"], False),
        ([b"a=wp_in_1"], False),
        ([b"xwp_in_1=x"], False),
        ([b"wp_in_1"], True),
        ([b"wp.in_1=x"], True),
        ([b"wp[in_1=x"], True),
        ([b"wp%5Fin%5f1=x"], True),
        ([b"WP_In_1=x"], True),
        ([b'a=b, "wp in_1"=x'], True),
        ([b"wp_in_1[0]=x"], True),
        ([b"wp[in_1]=x"], False),
        ([], False),
    ],
)
def test_a_star_is_any_cookie_that_begins_so(cookies: list[bytes], passes: bool) -> None:
    made = said(bypass={"cookie": {"wp_in_*": True}})
    assert made.passes_by(request(*((b"cookie", each) for each in cookies)), b"") is passes


@pytest.mark.parametrize(
    "cookie", [b"s.id=1", b"s_id[x]=1", b"s%5Fid=1", b'"s_id"=1', b"s_id%00=1"]
)
def test_no_spelling_of_a_name_keeps_one_from_going_past(cookie: bytes) -> None:
    made = said(bypass={"cookie": {"s_id": True}})
    assert made.passes_by(request((b"cookie", b"a=b; " + cookie)), b"")


@pytest.mark.parametrize("target", [b"/?a=1&pre.view=2", b"/?pre_view", b"/?a;pre%5Fview=1"])
def test_nor_one_of_a_parameter(target: bytes) -> None:
    made = said(bypass={"query": {"pre_view": True}})
    assert made.passes_by(request(target=target), b"")


def test_one_of_several_values_is_enough_in_any_spelling() -> None:
    made = said(bypass={"cookie": {"role": "admin"}, "query": {"mode": "~edit"}})
    for cookie in (b"role=x; role=admin", b'role="admin"', b"role=%61dmin"):
        assert made.passes_by(request((b"cookie", cookie)), b"")
    assert made.passes_by(request(target=b"/?mode=view&mode=edit"), b"")
    assert not made.passes_by(request((b"cookie", b"role=xadmin"), target=b"/?mode=view"), b"")


def test_what_has_no_cookie_goes_past_whatever_else_is_read_as_it() -> None:
    made = said(bypass={"cookie": {"con_sent": False}})
    assert made.passes_by(request((b"cookie", b"con.sent=1")), b"")
    assert not made.passes_by(request((b"cookie", b"con_sent=1")), b"")


def test_many_cookies_cost_no_more_than_their_length() -> None:
    made = said(bypass={"cookie": {"wp_*": True}})
    assert not made.passes_by(request((b"cookie", b"; " * 16_000)), b"")


@pytest.mark.parametrize(
    "words",
    [
        {"cookie": {"wp_*": "1"}},
        {"cookie": {"wp_*": False}},
        {"cookie": {"*": True}},
        {"header": {"te": True}},
        {"client": ["nowhere"]},
    ],
)
def test_what_is_no_condition_is_refused(words: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        bypass(BypassModel.model_validate(words))


def test_the_words_of_a_key_are_its_rules() -> None:
    assert key_rules(None) == key_rules(CacheKeyModel()) == KeyRules()
    words = {"ignore_query": ["utm_*"], "sort": True, "fields": "Accept-Language", "cookies": "A"}
    assert key_rules(CacheKeyModel.model_validate(words)) == KeyRules(
        ignore=(b"utm_*",), sort=True, fields=(b"accept-language",), cookies=(b"A",)
    )
    assert key_rules(CacheKeyModel(query=[])).keep == ()
    assert key_rules(CacheKeyModel(query=["q"])).keep == (b"q",)


def test_the_operators_part_of_a_key_is_loaded_or_nothing_is_kept() -> None:
    def function(exchange: object) -> bytes | None:
        return None

    def load(word: str, base: Path) -> Any:
        assert base == Path("/srv")
        return function if word == "py:shop:key" else None

    def found(key: dict[str, Any]) -> Any:
        return caching(CacheModel.model_validate({"ttl": "1h", "key": key}), load, Path("/srv"))

    assert found({"py": "shop:key"}).function is function
    assert found({"py": "shop:gone", "query": "q"}) is None
    assert found({"query": "q"}).function is None
    assert found({"query": "q"}).key.keep == (b"q",)
    assert found({}).policy.ttl == 3600


def test_what_asks_for_a_canary_is_in_the_key() -> None:
    canary = CanaryModel.model_validate({"to": "b:1", "header": {"X-New": True}, "cookie": "new"})
    words = CacheKeyModel.model_validate({"fields": ["x-new", "accept"], "cookies": ["theme"]})
    assert key_rules(None, canary) == KeyRules(fields=(b"x-new",), cookies=(b"new",))
    found = key_rules(words, canary)
    assert (found.fields, found.cookies) == ((b"x-new", b"accept"), (b"theme", b"new"))
    assert key_rules(words, CanaryModel.model_validate({"to": "b:1"})) == key_rules(words)
