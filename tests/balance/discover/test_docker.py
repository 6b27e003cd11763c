"""Containers as Docker's and Podman's lists show them (recorded, shortened)."""

import json
import socket
from typing import Any

import pytest

from porch.balance.discover import docker
from porch.balance.discover.docker import Containers, api_socket
from porch.balance.discover.found import Found
from porch.client import Answer
from porch.errors import ConnectionRefused, GatewayTimeout, UpstreamStalled
from tests.balance.discover.conftest import FakeClient


def container(name: str = "x", address: str = "172.17.0.2", **more: Any) -> dict[str, Any]:
    return {
        "Id": f"id-{name}",
        "Names": [f"/{name}"],
        "Labels": {},
        "State": "running",
        "Status": "Up 2 minutes",
        "Ports": [{"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp", "IP": "0.0.0.0"}],
        "NetworkSettings": {"Networks": {"bridge": {"IPAddress": address}}},
    } | more


class Daemon(FakeClient):
    """Has these containers; happens: the answers to who waits for events."""

    def __init__(self, *containers: Any, happens: tuple[Answer | Exception, ...] = ()) -> None:
        super().__init__(self._say)
        self.containers: Any = [*containers]
        self.happens = iter(happens)
        self.inspected: dict[str, Any] = {}
        self.status = 200

    def _say(self, target: str) -> Answer | Exception:
        if target == "/containers/json":
            return Answer(self.status, [], json.dumps(self.containers).encode())
        if target.startswith("/events?since="):
            return next(self.happens)
        name = target.removeprefix("/containers/").removesuffix("/json")
        if name not in self.inspected:
            return Answer(404, [], b"")
        return Answer(200, [], json.dumps(self.inspected[name]).encode())


def found(looks: Any, *containers: Any, name: str = "api", port: int = 8000) -> list[Found]:
    return looks.first(1, Containers(lambda: Daemon(*containers), name, port).endpoints())[0]


@pytest.mark.parametrize(
    "more",
    [
        {"Names": ["/api"]},
        {"Labels": {"porch.pool": "api"}},
        {"Labels": {"com.docker.compose.service": "api"}},
        {"Labels": {"io.podman.compose.service": "api"}},
    ],
)
def test_it_is_of_the_pool_by_name_label_or_service(looks, more):
    assert found(looks, container(**more), container("other")) == [Found("172.17.0.2:8000")]


@pytest.mark.parametrize(
    "more", [{"State": "paused"}, {"State": "exited"}, {"Status": "Up 2 minutes (unhealthy)"}]
)
def test_one_that_cannot_serve_is_none(looks, more):
    assert found(looks, container("api", **more)) == []


def test_healthy_ones_and_those_that_start_serve(looks):
    statuses = ("Up 2 minutes (healthy)", "Up 2 seconds (health: starting)")
    assert len(found(looks, *(container("api", Status=each) for each in statuses))) == 2


def test_labels_say_port_weight_and_priority(looks):
    labels = {"porch.port": "9000", "porch.weight": "3", "porch.priority": "1"}
    assert found(looks, container("api", Labels=labels), port=0) == [Found("172.17.0.2:9000", 3, 1)]


def test_the_only_port_that_it_exposes_is_enough(looks):
    assert found(looks, container("api"), port=0) == [Found("172.17.0.2:80")]


@pytest.mark.parametrize(
    "more",
    [
        {"Ports": []},
        {"Ports": [{"PrivatePort": 80, "Type": "tcp"}, {"PrivatePort": 81, "Type": "tcp"}]},
        {"Ports": [{"PrivatePort": 53, "Type": "udp"}]},
    ],
)
def test_one_without_a_port_is_named_by_who_looks_the_list_over(looks, more):
    assert found(looks, container("api", **more), port=0) == [Found("api")]


def test_an_address_of_ipv6_has_its_brackets(looks):
    networks = {"n": {"IPAddress": "", "GlobalIPv6Address": "fd00::2"}}
    assert found(looks, container("api", NetworkSettings={"Networks": networks})) == [
        Found("[fd00::2]:8000")
    ]


def test_dockers_list_tells_that_it_is_in_the_hosts_network(looks):
    networks = {"host": {"IPAddress": ""}}
    assert found(looks, container("api", NetworkSettings={"Networks": networks})) == [
        Found("127.0.0.1:8000")
    ]


@pytest.mark.parametrize(
    ("mode", "name"), [("host", "127.0.0.1:8000"), ("none", "api"), (None, "api")]
)
def test_of_podmans_it_is_asked(looks, mode, name):
    daemon = Daemon(container("api", NetworkSettings={"Networks": None}))
    if mode:
        daemon.inspected = {"id-api": {"HostConfig": {"NetworkMode": mode}}}
    lists = Containers(lambda: daemon, "api", 8000).endpoints()
    assert looks.first(1, lists) == [[Found(name)]]


def test_each_event_and_each_minute_is_a_look(looks, monkeypatch):
    monkeypatch.setattr(docker.clock, "wall", lambda: 1.8e9 + 0.7)
    event = Answer(200, [], b'{"Action":"start"}')
    daemon = Daemon(happens=(event, GatewayTimeout("x"), UpstreamStalled("x")))
    assert looks.first(4, Containers(lambda: daemon, "api", 8000).endpoints()) == [[]] * 4
    targets = [each for each, _ in daemon.asked if each.startswith("/events")]
    assert targets[0].startswith("/events?since=1800000000&filters=%7B%22type%22%3A%5B%22container")
    assert "died" in targets[0]


@pytest.mark.parametrize("containers", [{}, [1], [{"Names": 3}], [{"Names": ["/api"], "Ports": 3}]])
def test_what_is_no_list_of_containers_is_an_error(looks, containers):
    daemon = Daemon()
    daemon.containers = containers or "x"
    with pytest.raises(ValueError, match="not understood"):
        looks.first(1, Containers(lambda: daemon, "api").endpoints())


def test_a_daemon_that_refuses_is_an_error(looks):
    daemon = Daemon()
    daemon.status = 500
    with pytest.raises(ValueError, match="answered 500"):
        looks.first(1, Containers(lambda: daemon, "api").endpoints())
    daemon = Daemon(happens=(ConnectionRefused("x"), Answer(403, [], b"")))
    with pytest.raises(ConnectionRefused):
        looks.first(2, Containers(lambda: daemon, "api").endpoints())
    with pytest.raises(ValueError, match="answered 403"):
        looks.first(2, Containers(lambda: daemon, "api").endpoints())


def test_the_socket_is_that_of_the_environment_or_the_first_there_is(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///x/y.sock")
    assert api_socket() == "/x/y.sock"
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.1:2375")
    monkeypatch.setattr(docker, "_SOCKETS", (f"{tmp_path}/a", f"{tmp_path}/b"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert api_socket() == f"{tmp_path}/a"
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("b")
        assert api_socket() == f"{tmp_path}/b"
