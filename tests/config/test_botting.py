"""From the words against bots to filters."""

from typing import Any

from porch.config.botting import Botting, rules_of
from porch.config.load import load_mapping
from porch.config.schema import ConfigModel, RouteModel
from porch.config.schema_bots import BlockModel
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.shield.block import Block, BlockBodies
from porch.shield.block_scanners import LISTS
from porch.shield.challenge import Challenge


def made() -> Botting:
    return Botting(load_mapping({"routes": {"a.test": ":3000"}}), State())


def filters(top: dict[str, Any], botting: Botting | None = None, **words: Any) -> list[Filter]:
    route = RouteModel.model_validate({"to": ":1", **words})
    return (botting or made()).filters(RouteSettings([ConfigModel.model_validate(top), route]))


def test_where_nothing_is_said_nothing_is_done() -> None:
    assert filters({}) == filters({"tarpit": True}) == []
    assert filters({"block": "scanners"}, block=False) == []


def test_only_rules_that_read_bodies_pay_for_it() -> None:
    assert [type(each) for each in filters({}, block="php")] == [Block]
    assert [type(each) for each in filters({}, block=[{"body": "x"}])] == [BlockBodies]


def test_routes_with_the_same_words_share_what_is_made() -> None:
    botting = made()
    first, same = filters({"block": "php"}, botting), filters({"block": "php"}, botting)
    assert first == same
    assert filters({"block": "php"}, botting, tarpit=3) != first


def test_the_bound_of_a_tarpit_is_one_for_all_routes() -> None:
    botting = made()
    found = [*filters({"block": "php"}, botting, tarpit=3)]
    found += filters({"block": "backups"}, botting, tarpit=3)
    one, other = found
    assert isinstance(one, Block)
    assert isinstance(other, Block)
    assert one._tarpit is other._tarpit is not None


def test_a_list_is_404_and_a_rule_403_unless_it_says_otherwise() -> None:
    found = rules_of(BlockModel(list="scanners"))
    assert (found.name, found.status) == ("scanners", 404)
    assert set(found.path) == {each for texts in LISTS.values() for each in texts}
    assert rules_of(BlockModel(list="php")).path == LISTS["php"]
    assert rules_of(BlockModel.model_validate({"path": "/a"})).status == 403
    assert rules_of(BlockModel.model_validate({"list": "php", "status": 403})).status == 403


def test_a_rule_is_named_as_it_is_written() -> None:
    words = {
        "path": ["/a", "re:b"],
        "method": "post",
        "header": {"X-A": "1", "X-B": False},
        "status": 404,
    }
    found = rules_of(BlockModel.model_validate(words))
    assert found.name == "path /a or re:b, method post, header X-A: 1 and X-B: False"
    assert found.methods == {b"POST"}
    assert found.fields == ((b"x-a", "1"), (b"x-b", False))


def test_what_is_asked_for_comes_before_who_has_to_work() -> None:
    found = filters({"challenge": True}, block="php")
    assert [type(each) for each in found] == [Block, Challenge]


def test_a_challenge_without_a_secret_is_signed_with_the_doors_own_key() -> None:
    botting = made()
    assert filters({}, botting, challenge={"secret": "0123456789abcdef"})
    assert not botting.needs_key
    first, same = filters({}, botting, challenge=True), filters({}, botting, challenge="always")
    assert botting.needs_key
    assert first == same


def test_its_words_are_what_the_filter_has() -> None:
    words = {"difficulty": 9, "lasts": "1h", "exempt": "/a", "contact": "c"}
    (found,) = filters({}, challenge={"when": "load", "crawlers": "bingbot", **words})
    assert isinstance(found, Challenge)
    assert found.terms == (9, 3600, ("/a",), "c")
    assert found.described()[0].startswith("while a worker is busy")
    assert found.described()[0].endswith("not bingbot")


def test_a_rule_that_is_not_logged_is_named_as_any_other() -> None:
    found = rules_of(BlockModel.model_validate({"list": "php", "log": False}))
    assert (found.name, found.quiet) == ("php", True)
    found = rules_of(BlockModel.model_validate({"path": ["/a"], "log": False}))
    assert (found.name, found.quiet) == ("path /a", True)
    assert not rules_of(BlockModel(list="php")).quiet


def test_a_challenge_believes_of_the_scheme_whom_the_door_believes() -> None:
    believes = b"10.0.0.1".__eq__
    botting = Botting(load_mapping({"routes": {"a.test": ":3000"}}), State(), believes)
    (asking,) = filters({"challenge": True}, botting)
    assert isinstance(asking, Challenge)
    assert asking._trusts is believes
