"""From the words about browsers to filters."""

from typing import Any

from porch.config.browsing import browsing
from porch.config.schema import ConfigModel, RouteModel
from porch.config.settings import RouteSettings
from porch.filter import Filter
from porch.shield.cookies import HardenCookies
from porch.shield.cors import METHODS, Cors
from porch.shield.csrf import CrossSite
from porch.shield.secure_content import ContentPolicy


def filters(top: dict[str, Any], **words: Any) -> list[Filter]:
    route = RouteModel.model_validate({"to": ":1", **words})
    return browsing(RouteSettings([ConfigModel.model_validate(top), route]))


def test_where_nothing_is_said_nothing_is_done() -> None:
    assert filters({}) == []


def test_preflights_come_before_all() -> None:
    found = filters({}, csp="default-src 'self'", cookies="harden", csrf=True, cors="*")
    assert [type(each) for each in found] == [Cors, CrossSite, HardenCookies, ContentPolicy]


def test_the_nearest_word_wins_and_false_takes_back_what_holds_for_all() -> None:
    top = {"csrf": True, "cors": ["https://b.test"], "cookies": "harden", "csp": "img-src 'self'"}
    assert len(filters(top)) == 4
    assert filters(top, csrf=False, cors=False, cookies=False, csp=False) == []


def test_what_is_left_out_or_a_star_is_any_field_and_the_usual_methods() -> None:
    (usual,) = filters({}, cors="*")
    (star,) = filters({}, cors={"origins": "*", "methods": "*", "headers": "*"})
    (named,) = filters({}, cors={"origins": "*", "methods": "PUT", "headers": "x-a"})
    assert isinstance(usual, Cors)
    assert isinstance(star, Cors)
    assert isinstance(named, Cors)
    assert (usual.rules.methods, usual.rules.headers) == (METHODS, None)
    assert (star.rules.methods, star.rules.headers) == (None, None)
    assert (list(named.rules.methods or ()), named.rules.headers) == (["PUT"], ["x-a"])


def test_names_of_cookies_are_bytes_from_here_on() -> None:
    (found,) = filters({}, cookies={"readable": "a", "leave": ["b"], "same_site": False})
    assert isinstance(found, HardenCookies)
    assert (found.rules.readable, found.rules.leave) == ({b"a"}, {b"b"})
    assert found.rules.same_site is None
