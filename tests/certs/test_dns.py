"""Providers by name, and records that take their time."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from porch import clock
from porch.certs import dns as module
from porch.certs.dns import GROUP, Propagation, check, find, made
from porch.certs.dns_rfc2136 import Rfc2136
from porch.certs.failure import IssueError
from tests.support.zone import ZoneServer, serving

NAME = "_acme-challenge.shop.example"


class Provider:
    """A provider. token: what it is set up with."""

    def __init__(self, token: str) -> None:
        self.token = token

    def present(self, name: str, value: str) -> None: ...

    def cleanup(self, name: str, value: str) -> None: ...


@pytest.fixture
def server() -> Iterator[ZoneServer]:
    with serving() as one:
        yield one


def propagation(server: ZoneServer, patience: float = 5.0) -> Propagation:
    return Propagation(["127.0.0.1"], server.port, patience, pause=0.01)


# --- providers -------------------------------------------------------------------------------


def test_one_is_built_in() -> None:
    words = {"server": "192.0.2.1", "key": "k", "secret": "c2VjcmV0"}
    assert isinstance(made("rfc2136", find("rfc2136"), words), Rfc2136)


def test_others_come_with_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [EntryPoint("cloud", f"{__name__}:Provider", GROUP)]
    monkeypatch.setattr(module, "entry_points", lambda group: offered if group == GROUP else [])
    monkeypatch.setattr(EntryPoint, "load", lambda _: Provider)
    one = made("cloud", find("cloud"), {"token": "x"})
    assert isinstance(one, Provider)
    assert one.token == "x"


def test_one_that_is_not_installed_is_told_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"no DNS provider 'clod' is installed \(.*rfc2136.*\)"):
        find("clod")


def test_one_that_does_not_load_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [EntryPoint("cloud", "no.such.module:Provider", GROUP)]
    monkeypatch.setattr(module, "entry_points", lambda group: offered)
    with pytest.raises(
        ValueError, match="'cloud' cannot be loaded: ModuleNotFoundError: No module"
    ):
        find("cloud")


def test_an_object_is_taken_as_it_is() -> None:
    one = Provider("x")
    assert made("mine", one, {}) is one
    assert made("mine", one, {"token": "y"}) is one


def test_words_that_an_object_does_not_read_are_told_by_a_check() -> None:
    check("mine", Provider("x"), {})
    with pytest.raises(ValueError, match="is an object, not a class: nobody reads token of `dns`"):
        check("mine", Provider("x"), {"token": "y"})


@pytest.mark.parametrize("found", [None, 7, object(), object])
def test_what_is_no_provider_is_refused(found: object) -> None:
    for looked_at in (check, made):
        with pytest.raises(ValueError, match=r"needs present\(name, value\)"):
            looked_at("mine", found, {})


def test_words_that_it_does_not_take_or_lacks_are_told() -> None:
    for looked_at in (check, made):
        with pytest.raises(ValueError, match="'mine' has no word 'tokn'; it has token"):
            looked_at("mine", Provider, {"tokn": "x"})
        with pytest.raises(ValueError, match="'mine' lacks token in `dns`"):
            looked_at("mine", Provider, {})


def test_a_class_that_takes_any_word_is_given_all() -> None:
    class Open(Provider):
        def __init__(self, **words: str) -> None:
            super().__init__(words["any"])

    check("mine", Open, {"any": "x"})
    assert isinstance(made("mine", Open, {"any": "x"}), Open)


def test_a_check_calls_no_class_and_what_a_class_refuses_is_told_without_secrets() -> None:
    class Refuses(Provider):
        def __init__(self, token: str) -> None:
            raise KeyError(f"{token} is no token")

    check("mine", Refuses, {"token": "hidden"})
    with pytest.raises(ValueError, match=r"cannot be set up: KeyError: '\.\.\. is no token'"):
        made("mine", Refuses, {"token": "hidden"})


# --- published -------------------------------------------------------------------------------


def test_a_record_that_is_there_is_not_waited_for(server: ZoneServer) -> None:
    server.records[f"{NAME}.", "TXT"] = ['"other"', '"value"']
    propagation(server).wait(NAME, "value")


def test_one_that_comes_late_is_waited_for_and_somebody_is_told(server: ZoneServer) -> None:
    server.records[f"{NAME}.", "TXT"] = ['"value"']
    server.slow = 3
    beats: list[int] = []
    propagation(server).wait(NAME, "value", lambda: beats.append(1))
    assert len(beats) == 4


def test_one_that_never_comes_is_a_failure_with_a_way_out(
    server: ZoneServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.records[f"{NAME}.", "TXT"] = ['"other"']
    monkeypatch.setattr(clock, "sleep", lambda _: None)
    with pytest.raises(
        IssueError, match=r"ns\.example has no TXT record .* = value after"
    ) as caught:
        propagation(server, patience=0.05).wait(NAME, "value")
    assert caught.value.kind == "dns"


def test_a_zone_that_cannot_be_asked_is_left_to_the_authority(server: ZoneServer) -> None:
    propagation(server).wait("_acme-challenge.elsewhere.test", "value")
    del server.records["ns.example.", "A"]
    propagation(server).wait(NAME, "value")


def test_a_server_that_is_silent_is_left_out(
    server: ZoneServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER", 0.05)
    server.records["ns.example.", "A"] = ["127.0.0.1", "127.0.0.9"]
    server.records[f"{NAME}.", "TXT"] = ['"value"']
    propagation(server).wait(NAME, "value")


def test_a_record_belongs_where_an_alias_leads(server: ZoneServer) -> None:
    server.records[f"{NAME}.", "CNAME"] = ["one.example."]
    server.records["one.example.", "CNAME"] = ["two.example."]
    assert propagation(server).target(NAME) == "two.example"
    assert propagation(server).target("plain.example") == "plain.example"


def test_aliases_in_a_circle_end(server: ZoneServer) -> None:
    server.records["a.example.", "CNAME"] = ["b.example."]
    server.records["b.example.", "CNAME"] = ["a.example."]
    assert propagation(server).target("a.example") in ("a.example", "b.example")
