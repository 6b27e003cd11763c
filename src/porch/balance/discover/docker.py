"""Containers of Docker or Podman, by the API that both have at their Unix socket.

https://docs.docker.com/reference/api/engine/ : GET /containers/json and /events, which Podman
serves the same way. A container is of a pool by its label `porch.pool`, its Compose service or its
name.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from porch import clock
from porch.balance.discover.found import Found
from porch.client import Client
from porch.errors import GatewayTimeout, UpstreamStalled

__all__ = ["Containers", "api_socket"]

PATIENCE = 5.0
"""Seconds that the list may take."""
WATCH = 60.0
"""Seconds after which the list is asked for again if nothing happens."""
BREATH = 0.2
"""Seconds between two looks: a container that starts is some events in a row."""
LONGEST = 16 << 20
"""Bytes of the list: about 3 kB a container."""

LABELS = ("porch.pool", "com.docker.compose.service", "io.podman.compose.service")
_EVENTS = {
    "type": ["container"],
    "event": ["start", "die", "died", "pause", "unpause", "rename", "health_status"],
}
"""Podman filters by "died", whatever it then says. Without a filter there is a check's `exec`."""
_SOCKETS = ("/var/run/docker.sock", "/run/podman/podman.sock")


def api_socket() -> str:
    """Of the daemon: $DOCKER_HOST, or the first there is of Docker's, Podman's and a user's own."""
    given = os.environ.get("DOCKER_HOST", "")
    if given.startswith("unix://"):
        return given.removeprefix("unix://")
    own = os.environ.get("XDG_RUNTIME_DIR", "/run")
    names = [*_SOCKETS, f"{own}/podman/podman.sock", f"{own}/docker.sock"]
    return next((each for each in names if Path(each).is_socket()), names[0])


class Containers:
    """See found.Provider. client: makes one to ask with. name: of the label, the service or the
    container. port: inside of it; 0 as its label `porch.port` says, or the one that it exposes."""

    def __init__(self, client: Callable[[], Client], name: str, port: int = 0) -> None:
        self._client = client
        self._name = name
        self._port = port

    async def endpoints(self) -> AsyncIterator[list[Found]]:
        """A list at once, and behind each event. Raises PorchError and ValueError."""
        client = self._client()
        while True:
            since = clock.wall()
            answer = await client.request(
                b"GET", b"/containers/json", timeout=PATIENCE, most_bytes=LONGEST
            )
            if answer.status != 200:
                raise ValueError(f"the list of containers was answered {answer.status}")
            yield [each async for each in self._found(client, answer.body)]
            await asyncio.sleep(BREATH)
            await self._wait_event(client, since)

    async def _wait_event(self, client: Client, since: float) -> None:
        """Until something has happened since then: what came between is told at once."""
        filters = quote(json.dumps(_EVENTS, separators=(",", ":")))
        target = f"/events?since={int(since)}&filters={filters}".encode()
        try:
            answer = await client.request(
                b"GET", target, timeout=WATCH, most_bytes=LONGEST, is_enough=bool
            )
        except (GatewayTimeout, UpstreamStalled):
            return  # nothing has happened
        if answer.status != 200:
            raise ValueError(f"its events were answered {answer.status}")

    async def _found(self, client: Client, body: bytes) -> AsyncIterator[Found]:
        try:
            for each in json.loads(body):
                if self._is_of_pool(each):
                    host = _address(each) or await self._host(client, each["Id"])
                    yield self._endpoint(each, host)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"the list of containers is not understood: {error!r}") from error

    def _is_of_pool(self, container: dict[str, Any]) -> bool:
        labels = container.get("Labels") or {}
        names = [each.lstrip("/") for each in container.get("Names") or ()]
        names += [labels[each] for each in LABELS if each in labels]
        is_running = container.get("State", "running") == "running"
        return is_running and self._name in names and "unhealthy" not in container.get("Status", "")

    async def _host(self, client: Client, name: str) -> str:
        """Podman's list does not tell that a container is in the host's network."""
        target = f"/containers/{quote(name, safe='')}/json".encode()
        answer = await client.request(b"GET", target, timeout=PATIENCE, most_bytes=LONGEST)
        if answer.status != 200:
            return ""  # it is gone by now
        mode = (json.loads(answer.body).get("HostConfig") or {}).get("NetworkMode")
        return "127.0.0.1" if mode == "host" else ""

    def _endpoint(self, container: dict[str, Any], host: str) -> Found:
        """One without a port or an address is named by who looks the list over."""
        labels = container.get("Labels") or {}
        port = self._port or labels.get("porch.port") or _exposed(container)
        if not host or not port:
            return Found(container["Names"][0].lstrip("/"))
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        weight, priority = labels.get("porch.weight", "1"), labels.get("porch.priority", "0")
        return Found(address, _number(weight), _number(priority))


def _number(text: str) -> Any:
    """What is no number is named when the list is looked over."""
    return int(text) if text.isdecimal() else text


def _exposed(container: dict[str, Any]) -> int:
    """The only TCP port that it exposes; 0 if there is none, or several."""
    ports = {
        int(each["PrivatePort"])
        for each in container.get("Ports") or ()
        if each.get("Type", "tcp") == "tcp" and each.get("PrivatePort")
    }
    return ports.pop() if len(ports) == 1 else 0


def _address(container: dict[str, Any]) -> str:
    """In the first network that gives it one; in the host's network that is this machine."""
    settings = container.get("NetworkSettings") or {}
    networks: dict[str, dict[str, str]] = settings.get("Networks") or {}
    for each in sorted(networks):
        found = networks[each].get("IPAddress") or networks[each].get("GlobalIPv6Address")
        if found:
            return found
    return "127.0.0.1" if "host" in networks else ""
