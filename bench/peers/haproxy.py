"""HAProxy, from the distribution: there is no wheel of it."""

from __future__ import annotations

from peers import Command, Peer, Place
from peers.find import on_path

__all__ = ["PEER"]

# http-reuse always: as nginx's keepalive does; its default "safe" opens one for each new client.
# no strict-limits: it counts two descriptors a connection, also for idle ones that need one.
# The log goes to standard output, which is the file: one write a line, HAProxy has no buffer.
CONFIG = """\
global
    nbthread 1
    maxconn {connections}
    no strict-limits
    log stdout format raw local0
cache kept
    total-max-size 1024
    max-object-size 16777216
    max-age 3600
defaults
    mode http
    log global
    timeout connect 5s
    timeout client 75s
    timeout server 60s
    timeout http-keep-alive 75s
    option forwardfor
frontend door
    bind 127.0.0.1:{port} backlog 4096
    bind 127.0.0.1:{tls_port} ssl crt {pair.both} alpn h2,http/1.1 backlog 4096
    log-format '{{"time":"%tr","client":"%ci","method":"%HM","host":"%[capture.req.hdr(0)]",\
"uri":"%HU","protocol":"%HV","status":%ST,"bytes":%B,"duration":%Ta,"upstream":"%s",\
"upstream_connect":%Tc,"upstream_head":%Tr,"user_agent":"%[capture.req.hdr(1)]",\
"referer":"%[capture.req.hdr(2)]"}}'
    capture request header host len 255
    capture request header user-agent len 255
    capture request header referer len 255
    http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
    use_backend grpc if {{ path_beg /bench.Echo/ }}
    use_backend coded if {{ path_beg /coded/ }}
    use_backend cached if {{ path_beg /cached/ }}
    use_backend limited if {{ path_beg /limited/ }}
    use_backend listed if {{ path_beg /listed/ }}
    default_backend origin
backend origin
    http-reuse always
    server origin 127.0.0.1:{origin} pool-max-conn 512
backend cached
    http-reuse always
    http-request cache-use kept
    http-response cache-store kept
    server origin 127.0.0.1:{origin} pool-max-conn 512
backend limited
    http-reuse always
    stick-table type ipv6 size 1m expire 2m store http_req_rate(60s)
    http-request track-sc0 src
    http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 4000000 }}
    server origin 127.0.0.1:{origin} pool-max-conn 512
backend listed
    http-reuse always
    http-request deny if {{ src -f {networks} }}
    server origin 127.0.0.1:{origin} pool-max-conn 512
backend coded
    http-reuse always
    compression algo gzip
    compression type application/json
    server origin 127.0.0.1:{origin} pool-max-conn 512
backend grpc
    http-reuse always
    server grpc 127.0.0.1:{grpc} proto h2 pool-max-conn 512
"""

# What it counts it always counts; this shows it.
METRICS = """\
frontend metrics
    bind 127.0.0.1:{port}
    no log
    http-request use-service prometheus-exporter if {{ path /metrics }}
"""


def find() -> str | None:
    return on_path("haproxy")


def command(program: str, place: Place) -> Command:
    config = place.write(
        "haproxy.cfg",
        CONFIG.format(
            connections=place.connections,
            port=place.port,
            tls_port=place.tls_port,
            pair=place.pair,
            origin=place.origin,
            grpc=place.grpc,
            networks=place.networks,
        )
        + (METRICS.format(port=place.metrics) if place.metrics else ""),
    )
    return Command(arguments=[program, "-db", "-f", str(config)], logs_to_stdout=True)


PEER = Peer(
    name="HAProxy", find=find, version=("-v",), command=command, has_metrics=lambda program: True
)
