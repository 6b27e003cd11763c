"""The words of health: every form of each, and what is said of those that are none."""

import pickle
from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.config.schema import ConfigModel
from porch.config.schema_health import HealthModel


def health(written: Any) -> HealthModel:
    found = ConfigModel.model_validate({"health": written}).health
    assert found
    return found


@pytest.mark.parametrize(
    ("written", "kind", "path"),
    [
        ("/healthz?deep=1", "http", "/healthz?deep=1"),
        ("tcp", "tcp", None),
        ("py:shop.health:check", "py:shop.health:check", None),
        ({"path": "/healthz"}, "http", "/healthz"),
        ({"kind": "tcp"}, "tcp", None),
        ("grpc", "grpc", None),
        ({"kind": "grpc", "service": "shop.Carts"}, "grpc", None),
    ],
)
def test_a_check_is_a_path_a_kind_or_a_table(written: Any, kind: str, path: str | None) -> None:
    found = health(written)
    assert (found.kind, found.path) == (kind, path)


@pytest.mark.parametrize(
    ("written", "statuses"),
    [
        (200, [(200, 200)]),
        ("200", [(200, 200)]),
        ("2xx", [(200, 299)]),
        ("200-399", [(200, 399)]),
        ([200, "3xx"], [(200, 200), (300, 399)]),
    ],
)
def test_a_status_is_a_number_a_hundred_a_range_or_a_list(written: Any, statuses: object) -> None:
    assert health({"status": written}).status == statuses


def test_false_is_no_check_and_no_ejection_and_true_is_that_of_the_default() -> None:
    found = ConfigModel.model_validate({"health": False, "eject": False, "slow_start": False})
    assert (found.health, found.eject, found.slow_start) == (False, False, False)
    ejects = ConfigModel.model_validate({"eject": True}).eject
    assert ejects
    assert (ejects.failures, ejects.rate, ejects.most) == (5, None, 0.5)


def test_a_table_goes_to_the_workers_as_it_is() -> None:
    found = ConfigModel.model_validate({"eject": {"for": "10s", "slower": 5}}).eject
    assert found
    assert getattr(found, "for") == 10
    assert pickle.loads(pickle.dumps(found)) == found


def said(**words: Any) -> str:
    """What is said of a route with these words."""
    loaded = load_mapping({"routes": {"*": {"to": ["a:1", "b:1"], **words}}})
    return "\n".join(each.text.partition(": ")[2] for each in loaded.problems)


STATUS = 'a status is 200, "2xx", "200-399", or a list of these'


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"health": {"kind": "icmp"}}, 'must be "http", "tcp", "grpc" or "py:module:function"'),
        ({"health": {"kind": "py:check"}}, 'must be "http", "tcp", "grpc" or "py:module:function"'),
        ({"health": "healthz"}, 'a check is a path such as "/healthz"'),
        ({"health": 5}, 'it must be a path such as "/healthz", "tcp"'),
        ({"health": {"path": "/a b"}}, "a path begins with /"),
        ({"health": {"status": "ok"}}, STATUS),
        ({"health": {"status": 600}}, STATUS),
        ({"health": {"status": True}}, STATUS),
        ({"health": {"status": []}}, "the list is empty"),
        ({"health": {"status": "300-200"}}, "there is nothing from 300 to 200"),
        ({"health": {"every": "1ms"}}, 'more often than each "100ms"'),
        ({"health": {"timeout": "0s"}}, "more than nothing"),
        ({"health": {"rise": 0}}, "it must be a whole number from 1 to 100"),
        ({"health": {"method": "A B"}}, "it must be a method"),
        ({"health": {"host": "a/b"}}, "it must be a host"),
        ({"health": {"port": 0}}, "a whole number from 1 to 65535"),
        ({"health": {"paht": "/"}}, "unknown option 'paht' for health; did you mean 'path'?"),
        ({"eject": {"rate": "0%"}}, "a share of nothing is always reached"),
        ({"eject": {"rate": "120%"}}, "a share is a number up to 100 with %"),
        ({"eject": {"most": 0.5}}, "a share is a number up to 100 with %"),
        ({"eject": {"failures": -1}}, "it must be a whole number from 0"),
        ({"eject": {"slower": 1}}, "it must be a number above 1, such as 5"),
        ({"eject": {"for": 30}}, "a duration is a number with its unit"),
        ({"eject": "never"}, "it must be true, false or a table"),
        ({"slow_start": 30}, 'such as "30s"'),
    ],
)
def test_nonsense_is_answered_with_what_to_write(words: Any, text: str) -> None:
    assert text in said(**words)
