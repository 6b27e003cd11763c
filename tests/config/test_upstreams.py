"""Pools of endpoints: what is shared, what outlives a reload, and how they are spoken with."""

import ssl
from pathlib import Path
from typing import Any, cast

import pytest
import trustme

from porch.balance.consistent_hash import ConsistentHash
from porch.balance.endpoint import Endpoint
from porch.balance.least_requests import LeastRequests
from porch.balance.round_robin import RoundRobin
from porch.balance.tiers import Tiers
from porch.balance.upstream import Upstream
from porch.config.build import Built, build, building
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.config.rehearse import request_of
from porch.config.state import Ask, State
from porch.forward.address import Address

AUTHORITY = trustme.CA()


def loaded(**words: Any) -> Loaded:
    return load_mapping({"routes": {"*": ":1"}} | words, "porch.toml")


def built(*, state: State | None = None, **words: Any) -> Built:
    found = loaded(**words)
    made = build(found, state or State())
    assert made is not None, found.report()
    return made


def problems(**words: Any) -> list[str]:
    """What building finds, in a configuration that was fine until then."""
    found = loaded(**words)
    assert found.ok, found.report()
    assert (build(found, State()) is None) == (not found.ok)
    return [f"{each.severity}: {each.text}" for each in found.problems]


def upstream(of: Built, url: str = "http://a.test/") -> Upstream:
    found = of.settings.router.find(request_of("GET", url, []), b"192.0.2.1").destination
    assert isinstance(found, Upstream)
    return found


def test_a_route_has_a_pool_of_its_own_and_named_ones_are_shared() -> None:
    made = built(
        routes={"a.test": "pool", "b.test": "pool", "c.test": ":1", "d.test": ":1"},
        pool={"pool": {"servers": ":1"}},
    )
    a, b, c, d = (upstream(made, f"http://{name}.test/") for name in "abcd")
    assert a is b
    assert len({id(each.endpoints[0]) for each in (a, c, d)}) == 3


def test_a_pool_and_a_route_of_one_name_share_nothing() -> None:
    made = built(routes={"api": ":1", "b": "api"}, pool={"api": {"servers": ":1"}})
    one, two = (upstream(made, f"http://{host}/") for host in ("api", "b"))
    assert one.endpoints[0] is not two.endpoints[0]


def test_routes_of_one_key_share_nothing() -> None:
    routes = {
        "*": [
            {"to": {"to": ":1", "weight": 5}, "when": {"cookie": {"x": "1"}}},
            {"to": {"to": ":1", "weight": 2}},
        ]
    }
    state = State()
    made = built(state=state, routes=routes)
    state.commit()
    endpoints = [each.route.destination.endpoints[0] for each in made.entries]  # type: ignore[union-attr]
    assert [each.weight for each in endpoints] == [5, 2]


def test_endpoints_outlive_a_reload_by_the_name_of_their_route() -> None:
    state = State()
    before = upstream(built(state=state, routes={"a.test": [":1", ":2"]}))
    state.commit()
    state.begin()
    after = upstream(built(state=state, routes={"a.test": [":2", ":3"], "b.test": ":1"}))
    assert before.endpoints[1] is after.endpoints[0]
    assert before.endpoints[0] not in after.endpoints


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ({}, LeastRequests),
        ({"balance": "round-robin"}, RoundRobin),
        ({"balance": "hash client"}, ConsistentHash),
        ({"balance": "least-requests"}, LeastRequests),
    ],
)
def test_the_algorithm_is_that_of_the_route_or_of_the_pool(
    words: dict[str, Any], kind: type
) -> None:
    of_route = built(routes={"*": {"to": [":1", ":2"]} | words})
    of_pool = built(routes={"*": "p"}, pool={"p": {"servers": [":1", ":2"]} | words})
    of_top = built(routes={"*": "p"}, pool={"p": {"servers": [":1", ":2"]}}, **words)
    for made in (of_route, of_pool, of_top):
        assert type(upstream(made)._balancer) is kind


def test_a_ring_is_made_where_somebody_serves_and_in_steps() -> None:
    found = loaded(routes={"*": {"to": [":1", ":2", ":3"], "balance": "hash client"}})
    for state, count in ((State(), 0), (State(cast("Any", lambda *_: FakePool())), 3)):
        before = sum(1 for _ in building(loaded(routes={"*": [":1", ":2", ":3"]}), state))
        assert sum(1 for _ in building(found, state)) == before + count


def test_tiers_are_made_where_priorities_differ() -> None:
    tiers = [":1", {"to": ":2", "priority": 1}]
    made = upstream(built(routes={"*": {"to": tiers, "balance": "round-robin"}}))
    assert type(made._balancer) is Tiers
    assert [each.priority for each in made.endpoints] == [0, 1]
    assert made.manner == "round-robin within a tier"
    made = upstream(built(routes={"*": [{"to": ":1", "priority": 1}, {"to": ":2", "priority": 1}]}))
    assert type(made._balancer) is LeastRequests
    assert made.manner == "least-requests"
    assert upstream(built(routes={"*": ":1"})).manner == ""


class FakePool:
    idle_timeout = 0.0


class Asked(State):
    """Keeps which addresses were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[Address] = []
        self.idle: list[float] = []

    def endpoint(self, ask: Ask, *, now: bool = False) -> Endpoint:
        self.addresses.append(ask.address)
        self.idle.append(ask.idle)
        return super().endpoint(ask, now=now)


def test_an_endpoint_is_dialled_as_its_target_says() -> None:
    state = Asked()
    to = ["10.0.0.1:1", "unix:/run/u.sock", "https://b.test"]
    route = {"to": to, "tls": {"server_name": "c.test"}, "timeouts": {"upstream_idle": "9s"}}
    built(state=state, routes={"*": route})
    plain, unix, tls = state.addresses
    assert plain == Address(host="10.0.0.1", port=1)
    assert unix == Address(path="/run/u.sock")
    assert (tls.host, tls.port, tls.server_name) == ("b.test", 443, "c.test")
    assert tls.tls is not None
    assert tls.tls.verify_mode == ssl.CERT_REQUIRED
    assert state.idle == [9.0, 9.0, 9.0]


def test_an_endpoint_is_told_for_whom_a_connection_is_where_the_target_says_so() -> None:
    state = Asked()
    to = ["10.0.0.1:1", "unix:/run/u.sock", "https://b.test", "h2c://c.test"]
    built(state=state, routes={"*": [{"to": each, "proxy_protocol": "v2"} for each in to]})
    assert [each.announces for each in state.addresses] == ["v2"] * 4


def test_unverified_tls_is_warned_about_where_there_is_any() -> None:
    tls = {"verify": False}
    text = "the origin's certificate is not verified: anybody between can be the origin"
    assert problems(routes={"*": {"to": "https://b.test", "tls": tls}}) == [
        f'warning: routes."*".tls.verify: {text}'
    ]
    assert problems(routes={"*": "p"}, pool={"p": {"servers": "https://b.test", "tls": tls}}) == [
        f"warning: pool.p.tls.verify: {text}"
    ]
    assert problems(routes={"*": {"to": ":1", "tls": tls}}) == []


def test_an_authority_that_is_no_pem_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("hello")
    (found,) = problems(routes={"*": {"to": "https://b.test", "tls": {"ca": str(file)}}})
    assert found.startswith(f'error: routes."*".tls.ca: {file} cannot be used: ')


def test_routes_that_want_the_same_share_a_context_and_a_file_is_watched_once(
    tmp_path: Path,
) -> None:
    file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(file)
    own = {"ca": str(file)}
    state = Asked()
    routes = {f"{n}.test": {"to": "https://b.test", "tls": own} for n in range(3)}
    routes["c.test"] = {"to": "https://b.test", "tls": {"verify": False}}
    made = built(state=state, routes=routes)
    contexts = [each.tls for each in state.addresses]
    assert contexts[0] is contexts[1] is contexts[2] is not contexts[3]
    assert [*made.files] == [file]


def test_what_was_read_is_enough(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(file)
    found = loaded(routes={"*": {"to": "https://b.test", "tls": {"ca": str(file)}}})
    found.read(file)
    file.unlink()
    assert build(found, State()) is not None


def test_authorities_of_the_system_that_are_no_pem_are_left_to_openssl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "all.pem"
    AUTHORITY.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    found = loaded(routes={"*": "https://b.test"})
    assert build(found, State()) is not None
    assert found.contents == {file: file.read_bytes()}
    file.write_text("hello")
    assert problems(routes={"*": "https://b.test"}) == []


def test_an_origin_is_shown_a_certificate_where_one_is_named(tmp_path: Path) -> None:
    made = AUTHORITY.issue_cert("door.test")
    made.cert_chain_pems[0].write_to_path(tmp_path / "door.pem")
    made.private_key_pem.write_to_path(tmp_path / "door.key")
    (tmp_path / "door.key").chmod(0o600)
    pair = {"cert": f"{tmp_path}/door.pem", "key": f"{tmp_path}/door.key"}
    state = Asked()
    routes: dict[str, Any] = {
        "a.test": {"to": "https://a", "tls": pair},
        "b.test": {"to": "https://b", "tls": pair | {"server_name": "c.test"}},
        "c.test": {"to": "https://c", "tls": pair | {"min_version": "1.3"}},
        "d.test": {"to": "https://d"},
    }
    found = built(state=state, routes=routes)
    a, b, c, d = (each.tls for each in state.addresses)
    assert a is b
    assert len({id(each) for each in (a, c, d)}) == 3
    assert c is not None
    assert c.minimum_version == ssl.TLSVersion.TLSv1_3
    assert {tmp_path / "door.pem", tmp_path / "door.key"} <= {*found.files}


def test_a_pair_that_does_not_belong_together_is_a_problem_of_its_route(tmp_path: Path) -> None:
    one, two = AUTHORITY.issue_cert("a.test"), AUTHORITY.issue_cert("b.test")
    one.cert_chain_pems[0].write_to_path(tmp_path / "a.pem")
    two.private_key_pem.write_to_path(tmp_path / "b.key")
    (tmp_path / "b.key").chmod(0o600)
    tls = {"cert": f"{tmp_path}/a.pem", "key": f"{tmp_path}/b.key"}
    assert problems(routes={"*": {"to": "https://a", "tls": tls}}) == [
        f'error: routes."*".tls.cert: {tmp_path}/b.key is not the key of {tmp_path}/a.pem'
    ]


def test_one_of_a_pair_alone_is_a_problem() -> None:
    found = loaded(routes={"*": {"to": "https://a", "tls": {"cert": "gone.pem"}}})
    assert [each.text for each in found.problems] == [
        'routes."*".tls.cert: gone.pem does not exist',
        "routes.\"*\".tls.cert: 'key' is missing beside 'cert'; both are files",
    ]
    found = loaded(routes={"*": "p"}, pool={"p": {"servers": "https://a", "tls": {"key": "k"}}})
    assert "'cert' is missing beside 'key'" in found.report()
