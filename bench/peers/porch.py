"""Porch, from this checkout (or another: `--source`), on the interpreter named by `--python`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from peers import Command, Peer, Place

__all__ = ["porch"]

# metrics: it counts whether or not somebody is shown it.
# tell: neither nginx nor HAProxy says what is left; /told/ is what it costs to say it, where it is
# another number each time.
CONFIG = """\
listen = ["127.0.0.1:{port}", "https://127.0.0.1:{tls_port}"]
workers = 1
acme = false
certificates = "{pair.cert.parent}"
cache_store = {{ path = "{directory}/cache", size = "1GB" }}
log = {{ to = "file:{log}", format = "json" }}
{metrics}

[routes]
"*" = "127.0.0.1:{origin}"
"*/cached/*" = {{ to = "127.0.0.1:{origin}", cache = true }}
"*/files/*" = "file:{www}"
"*/coded/*" = {{ to = "127.0.0.1:{origin}", compress = {{ brake = false }} }}
"*/told/*" = {{ to = "127.0.0.1:{origin}", limit = "4000000/min per client" }}
"*/listed/*" = {{ to = "127.0.0.1:{origin}", deny = ["file:{networks}"] }}
"*/bench.Echo/*" = "h2c://127.0.0.1:{grpc}"

[routes."*/limited/*"]
to = "127.0.0.1:{origin}"
limit = {{ rate = "4000000/min per client", tell = false }}
"""


def porch(python: str, source: Path) -> Peer:
    """Porch as the interpreter `python` runs it, its package in the folder `source`."""
    return Peer(
        name="Porch",
        find=lambda: python,
        version=("-m", "porch", "--version"),
        command=partial(_command, source=source),
        has_metrics=lambda program: True,
    )


def _command(python: str, place: Place, *, source: Path) -> Command:
    config = place.write(
        "porch.toml",
        CONFIG.format(
            port=place.port,
            tls_port=place.tls_port,
            pair=place.pair,
            log=place.log,
            directory=place.directory,
            origin=place.origin,
            grpc=place.grpc,
            www=place.www,
            networks=place.networks,
            metrics=f'metrics = "127.0.0.1:{place.metrics}"' if place.metrics else "",
        ),
    )
    return Command(
        arguments=[python, "-m", "porch", "run", str(config)],
        environment={"PYTHONPATH": str(source)},
    )
