"""Each proxy before three backends: with nothing but the pool, and with its documented options.

"options" is what its own pages recommend for a pool: checks, retries, ejection. One worker or as
many as it has by default does not matter here; all are as the distribution starts them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from peers import Command, caddy, envoy, haproxy, nginx, traefik
from peers.find import in_environment

__all__ = ["PROXIES", "Proxy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """find: its program. command: (program, folder, port, backends, options) -> how it starts."""

    name: str
    find: Callable[[], str | None]
    command: Callable[[str, Path, int, list[int], bool], Command]


def _porch(program: str, folder: Path, port: int, backends: list[int], options: bool) -> Command:
    servers = ", ".join(f'"127.0.0.1:{each}"' for each in backends)
    health = (
        ', health = { path = "/health", every = "500ms", timeout = "500ms" }' if options else ""
    )
    file = folder / "porch.toml"
    file.write_text(
        f'listen = ["127.0.0.1:{port}"]\nworkers = 2\nlog = false\n'
        f'[routes]\n"*" = {{ to = [{servers}]{health} }}\n'
    )
    source = str(Path(__file__).resolve().parents[2] / "src")
    return Command(
        arguments=[program, "-m", "porch", "run", str(file)],
        environment={"PYTHONPATH": source, "XDG_RUNTIME_DIR": str(folder)},
    )


def _nginx(program: str, folder: Path, port: int, backends: list[int], options: bool) -> Command:
    extra = " max_fails=1 fail_timeout=2s" if options else ""
    servers = "\n".join(f"    server 127.0.0.1:{each}{extra};" for each in backends)
    retries = (
        "proxy_next_upstream error timeout http_502 http_503;\n"
        "proxy_connect_timeout 1s; proxy_read_timeout 1s;"
        if options
        else ""
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/errors;\n"
        "events {}\nhttp {\n"
        f"  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;\n"
        f"  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n"
        f"  upstream pool {{\n    zone pool 64k;\n{servers}\n  }}\n"
        f"  server {{ listen 127.0.0.1:{port}; {retries}\n"
        "    location / { proxy_pass http://pool; proxy_http_version 1.1;\n"
        '      proxy_set_header Connection ""; } }\n}\n'
    )
    return Command(arguments=[program, "-c", str(file), "-e", f"{folder}/errors"])


def _haproxy(program: str, folder: Path, port: int, backends: list[int], options: bool) -> Command:
    check = " check inter 500ms fall 2 rise 1" if options else ""
    servers = "\n".join(
        f"    server s{number} 127.0.0.1:{each}{check}" for number, each in enumerate(backends)
    )
    extra = (
        "    option httpchk GET /health\n    option redispatch 1\n    retries 3\n"
        "    retry-on conn-failure empty-response response-timeout\n    timeout check 500ms\n"
        if options
        else ""
    )
    file = folder / "haproxy.cfg"
    file.write_text(
        "defaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n"
        f"    timeout server 30s\n{extra}"
        f"frontend door\n    bind 127.0.0.1:{port}\n    default_backend pool\n"
        f"backend pool\n    balance roundrobin\n{servers}\n"
    )
    return Command(arguments=[program, "-db", "-f", str(file)])


def _caddy(program: str, folder: Path, port: int, backends: list[int], options: bool) -> Command:
    to = " ".join(f"127.0.0.1:{each}" for each in backends)
    extra = (
        "health_uri /health\n health_interval 500ms\n health_timeout 500ms\n"
        "lb_try_duration 2s\n fail_duration 2s\n max_fails 1\n"
        if options
        else ""
    )
    file = folder / "Caddyfile"
    file.write_text(
        "{\n admin off\n auto_https off\n persist_config off\n}\n"
        f"http://:{port} {{\n bind 127.0.0.1\n reverse_proxy {to} {{\n {extra}\n }}\n}}\n"
    )
    return Command(
        arguments=[program, "run", "--adapter", "caddyfile", "--config", str(file)],
        environment={"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
    )


def _traefik(program: str, folder: Path, port: int, backends: list[int], options: bool) -> Command:
    servers = "\n".join(f"          - url: http://127.0.0.1:{each}" for each in backends)
    health = (
        "        healthCheck: { path: /health, interval: 500ms, timeout: 500ms }\n"
        if options
        else ""
    )
    retry = (
        "  middlewares:\n    again:\n      retry: { attempts: 3, initialInterval: 50ms }\n"
        if options
        else ""
    )
    use = "      middlewares: [again]\n" if options else ""
    (folder / "dynamic.yml").write_text(
        "http:\n  routers:\n    all:\n      rule: PathPrefix(`/`)\n      service: pool\n"
        f"{use}{retry}  services:\n    pool:\n      loadBalancer:\n{health}"
        f"        servers:\n{servers}\n"
    )
    return Command(
        arguments=[
            program,
            f"--entrypoints.web.address=127.0.0.1:{port}",
            f"--providers.file.filename={folder}/dynamic.yml",
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
        ]
    )


def _envoy(program: str, folder: Path, port: int, backends: list[int], options: bool) -> Command:
    where = "{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: %d } } } }"
    endpoints = ", ".join(where % each for each in backends)
    health = (
        "    health_checks: [{ timeout: 0.5s, interval: 0.5s, unhealthy_threshold: 2,\n"
        "      healthy_threshold: 1, http_health_check: { path: /health } }]\n"
        "    outlier_detection: { consecutive_5xx: 3, interval: 1s, base_ejection_time: 2s }\n"
        if options
        else ""
    )
    retry = (
        'retry_policy: { retry_on: "connect-failure,reset,retriable-status-codes", num_retries: 2,'
        " per_try_timeout: 1s, retriable_status_codes: [502, 503] }"
        if options
        else ""
    )
    kind = "type.googleapis.com/envoy.extensions.filters"
    file = folder / "envoy.yaml"
    file.write_text(
        "static_resources:\n  listeners:\n  - address: { socket_address: "
        f"{{ address: 127.0.0.1, port_value: {port} }} }}\n    filter_chains:\n    - filters:\n"
        "      - name: http\n        typed_config:\n"
        f'          "@type": {kind}.network.http_connection_manager.v3.HttpConnectionManager\n'
        "          stat_prefix: door\n          http_filters:\n          - name: router\n"
        "            typed_config:\n"
        f'              "@type": {kind}.http.router.v3.Router\n'
        "          route_config:\n            virtual_hosts:\n            - name: all\n"
        '              domains: ["*"]\n              routes:\n'
        '              - match: { prefix: "/" }\n'
        f"                route: {{ cluster: pool, {retry} }}\n"
        "  clusters:\n  - name: pool\n    type: STATIC\n    connect_timeout: 5s\n"
        f"{health}    load_assignment: {{ cluster_name: pool,\n"
        f"      endpoints: [{{ lb_endpoints: [{endpoints}] }}] }}\n"
    )
    return Command(
        arguments=[
            *(program, "--config-path", str(file), "--concurrency", "2"),
            *("--disable-hot-restart", "--log-level", "error"),
        ]
    )


PROXIES = [
    Proxy(name="Porch", find=lambda: in_environment("python"), command=_porch),
    Proxy(name="nginx", find=nginx.find, command=_nginx),
    Proxy(name="HAProxy", find=haproxy.find, command=_haproxy),
    Proxy(name="Caddy", find=caddy.find, command=_caddy),
    Proxy(name="Traefik", find=traefik.find, command=_traefik),
    Proxy(name="Envoy", find=envoy.find, command=_envoy),
]
