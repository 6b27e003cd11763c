"""`porch :8080=localhost:3000`: a door without a file.

Each word is WHERE=TARGET[,TARGET][,word=value]. WHERE is a route's key with or without a port to
listen on; an address with a port is where to listen, for any host. A path that ends in a slash
stands for everything below it.
"""

import ipaddress
import re
import sys
from typing import Any

__all__ = ["parse_short", "run_short"]

_WHERE = re.compile(
    r"(?P<host>[^:/=]*|\[[0-9a-fA-F:.]+\])(?::(?P<port>\d{1,5}))?(?P<path>/[^=]*)?\Z", re.ASCII
)


def parse_short(words: list[str]) -> dict[str, Any]:
    """The configuration that `words` stand for, as a mapping. Raises ValueError with a sentence."""
    routes: dict[str, Any] = {}
    listen: list[str] = []
    for word in words:
        where, equals, rest = word.partition("=")
        match = _WHERE.match(where)
        if not equals or not rest or match is None or word.startswith("-"):
            raise ValueError(f"'{word}' is not WHERE=TARGET, such as :8080=localhost:3000")
        host = match["host"]
        if host.isdigit():
            raise ValueError(f"'{where}' is a port without its colon: :{host}={rest}")
        if match["port"]:
            address = host if _is_of_this_machine(host) else ""
            host = host if not address else ""
            if f"{address}:{match['port']}" not in listen:
                listen.append(f"{address}:{match['port']}")
        key = (host or "*") + _path(match["path"] or "")
        if key in routes:
            raise ValueError(
                f"'{where}' is the route {key} once more: a port tells no routes apart; join "
                "targets with a comma, or name a host or path"
            )
        routes[key] = _route(rest)
    return {"routes": routes} | ({"listen": listen} if listen else {})


def _is_of_this_machine(host: str) -> bool:
    """Whether a host is an address to listen on, rather than a name that clients ask for."""
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _path(text: str) -> str:
    if text == "/":
        return ""
    return text + "*" if text.endswith("/") else text


def _route(text: str) -> dict[str, Any]:
    targets: list[str] = []
    route: dict[str, Any] = {"to": targets}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if equals and re.fullmatch(r"[a-z_]+", name):
            route[name] = _value(value)
        else:
            targets.append(part)
    return route


def _value(text: str) -> str | int | bool:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdecimal() and text.isascii() else text


def run_short(words: list[str]) -> int:
    """Run a door without a file. Returns the exit code; 2 if the words are no configuration."""
    from porch.config.load import load_mapping

    try:
        mapping = parse_short(words)
    except ValueError as error:
        print(f"porch: {error}", file=sys.stderr)
        return 2
    loaded = load_mapping(mapping, "porch")
    if not loaded.ok:
        print(loaded.report(), file=sys.stderr)
        return 2
    from porch.cli.run import run_loaded

    return run_loaded(lambda: load_mapping(mapping, "porch"))
