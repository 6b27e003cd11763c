"""Code that a configuration names: whether it can be loaded, and that none of it is called."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from porch.certs import dns
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.manage.named_code import review_code

OWN = """
class Provider:
    def __init__(self, zone):
        raise RuntimeError("it is called")
    def present(self, name, value): ...
    def cleanup(self, name, value): ...

def may_have(name, client):
    raise RuntimeError("it is called")

word = 7
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With modules of the operator's own, which are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_code.py").write_text(OWN)
    (tmp_path / "own_bad.py").write_text("raise OSError('no such cloud')")
    before = [*sys.path]
    yield
    sys.path[:] = before
    sys.modules.pop("own_code", None)


def warnings(**acme: Any) -> list[str]:
    found: Loaded = load_mapping({"routes": {"*": ":1"}, "acme": acme})
    review_code(found)
    assert found.ok, found.report()
    return [each.text for each in found.problems]


def test_a_provider_that_can_be_loaded_is_no_matter() -> None:
    assert warnings(dns={"provider": "py:own_code:Provider", "zone": "a.test"}) == []
    assert warnings(dns="persist") == []
    assert warnings() == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"provider": "nobody"}, "no DNS provider 'nobody' is installed (rfc2136"),
        ({"provider": "py:gone:Provider"}, "py:gone:Provider cannot be loaded: ModuleNotFoundErr"),
        ({"provider": "py:own_bad:Provider"}, "cannot be loaded: OSError: no such cloud"),
        ({"provider": "py:own_code:Gone"}, "py:own_code:Gone cannot be loaded: AttributeError"),
        ({"provider": "py:own_code:word"}, "is no DNS provider: it needs present"),
        ({"provider": "py:own_code:Provider"}, "lacks zone in `dns`"),
        (
            {"provider": "py:own_code:Provider", "zone": "a", "zoen": "a"},
            "has no word 'zoen'; it has zone",
        ),
    ],
)
def test_a_provider_that_cannot_be_used_is_told(words: dict[str, str], sentence: str) -> None:
    (found,) = warnings(dns=words)
    assert found.startswith("acme.dns: ")
    assert sentence in found


def test_one_of_a_package_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [EntryPoint("cloud", "own_bad:Provider", dns.GROUP)]
    monkeypatch.setattr(dns, "entry_points", lambda group: offered)
    monkeypatch.syspath_prepend(".")
    assert warnings(dns="cloud") == [
        "acme.dns: the DNS provider 'cloud' cannot be loaded: OSError: no such cloud"
    ]


def test_whom_to_ask_on_demand_is_loaded_too() -> None:
    assert warnings(on_demand="py:own_code:may_have") == []
    assert warnings(on_demand="http://127.0.0.1:1/ask") == []
    (found,) = warnings(on_demand="py:own_code:gone")
    assert found.startswith("acme.on_demand: py:own_code:gone cannot be loaded: AttributeError")
    assert warnings(on_demand="py:own_code:word") == [
        "acme.on_demand: py:own_code:word is no function"
    ]


def test_where_nobody_certifies_nothing_is_loaded() -> None:
    found = load_mapping({"routes": {"*": ":1"}, "acme": False})
    review_code(found)
    assert found.problems == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("own_code:may_have", ""),
        ("own_code:word", "py:own_code:word is no function"),
        ("gone:tenant", "py:gone:tenant cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_the_key_of_a_hash_is_looked_for_wherever_it_stands(name: str, sentence: str) -> None:
    said = {"balance": f"hash py:{name}"}
    pool = {"p": {"servers": [":1", ":2"], **said}}
    own = {"a.test": {"to": [":1", ":2"], **said}}
    for words in (
        {"routes": own},
        {"routes": {"a.test": "p"}, "pool": pool},
        {"routes": {"a.test": ":1"}, "site": {"a.test": said}},
        {"routes": {"a.test": ":1"}, **said},
    ):
        found = load_mapping(words)
        review_code(found)
        assert found.ok
        texts = [each.text for each in found.problems]
        assert len(texts) == bool(sentence)
        assert all("balance: " + sentence in each for each in texts)


def test_a_part_of_a_cache_key_that_cannot_be_loaded_is_told_where_it_stands() -> None:
    def told(name: str) -> list[str]:
        words = {"cache": {"key": {"py": f"own_code:{name}"}}}
        found = load_mapping(
            {"routes": {"a.test": {"to": ":1"} | words}, "site": {"a.test": words}}
        )
        review_code(found)
        assert found.ok
        return [each.text for each in found.problems]

    assert told("may_have") == []
    assert len(told("word")) == 2
    assert all("py:own_code:word is no function" in each for each in told("word"))


@pytest.mark.parametrize(
    ("limit", "sentences"),
    [
        ({"rate": "5/s", "per": "py:own_code:may_have", "cost": "py:own_code:may_have"}, []),
        ({"rate": "5/s", "per": "py:own_code:gone"}, ["own_code:gone cannot be loaded"]),
        (
            [
                "5/s per client",
                {"rate": "5/s per client and py:gone:key", "cost": "py:own_code:word"},
            ],
            ["py:gone:key cannot be loaded", "py:own_code:word is no function"],
        ),
    ],
)
def test_keys_and_costs_of_limits_are_loaded_and_not_called(
    limit: Any, sentences: list[str]
) -> None:
    found = load_mapping({"routes": {"*": {"to": ":1", "limit": limit}}})
    review_code(found)
    told = [each.text for each in found.problems]
    assert len(told) == len(sentences)
    assert all(sentence in text for sentence, text in zip(sentences, told, strict=True))
