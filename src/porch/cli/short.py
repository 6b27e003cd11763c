"""`porch :8080=localhost:3000`: a door without a file.

Each word is WHERE=TARGET[,TARGET][,word=value]; WHERE is a route's key with or without a port to
listen on. A path that ends in a slash stands for everything below it.
"""

import re
import sys
from typing import Any

__all__ = ["parse_short", "run_short"]

_WHERE = re.compile(
    r"(?P<host>[^:/=]*|\[[0-9a-fA-F:]+\])(?::(?P<port>\d{1,5}))?(?P<path>/[^=]*)?\Z"
)


def parse_short(words: list[str]) -> dict[str, Any]:
    """The configuration that `words` stand for, as a mapping. Raises ValueError with a sentence."""
    routes: dict[str, Any] = {}
    listen: list[str] = []
    for word in words:
        where, equals, rest = word.partition("=")
        match = _WHERE.match(where)
        if not equals or not rest or match is None:
            raise ValueError(f"{word!r} is not WHERE=TARGET, such as :8080=localhost:3000")
        if match["port"] and f":{match['port']}" not in listen:
            listen.append(f":{match['port']}")
        path = match["path"] or ""
        if path.endswith("/") and path != "/":
            path += "*"
        key = (match["host"] or "*") + ("" if path == "/" else path)
        if key in routes:
            raise ValueError(f"{key!r} is named twice; join its targets with a comma")
        routes[key] = _route(rest)
    return {"routes": routes} | ({"listen": listen} if listen else {})


def _route(text: str) -> dict[str, Any]:
    targets: list[str] = []
    route: dict[str, Any] = {"to": targets}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if equals and re.fullmatch(r"[a-z_]+", name):
            route[name] = {"true": True, "false": False}.get(value, value)
        else:
            targets.append(part)
    return route


def run_short(words: list[str]) -> int:
    """Run a door without a file. Returns the exit code."""
    try:
        mapping = parse_short(words)
    except ValueError as error:
        print(f"porch: {error}", file=sys.stderr)
        return 2
    from porch.cli.run import run_mapping

    return run_mapping(mapping)
