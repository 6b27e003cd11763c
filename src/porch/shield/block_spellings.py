"""What a path, a query and a body may be taken for, for rules that keep requests away.

Of paths it is what `route/spellings.py` knows, and more of it is a refusal. Queries and bodies are
read as forms and JSON are.
"""

import re

from porch.errors import PorchError
from porch.route.paths import TooManyReadings
from porch.route.spellings import DEPTH, decoded, layers
from porch.route.spellings import spellings as of_path

__all__ = ["TooDeep", "queries", "spellings", "unescaped"]

_JSON = re.compile(rb"\\u00([0-7][0-9A-Fa-f])")


class TooDeep(PorchError):
    """What is encoded so often, or is so tangled, can only be meant to pass a rule."""

    word = "http_request_denied"
    status = 400
    source = "client"
    sentence = (
        f"The target is encoded more than {DEPTH} times over, or can be read in very many ways, "
        "and `block` wants to read it."
    )


def spellings(path: bytes) -> tuple[bytes, ...]:
    """What the path may be taken for, as sent first. Raises TooDeep."""
    try:
        return of_path(path)
    except TooManyReadings:
        raise TooDeep from None


def queries(query: bytes) -> tuple[bytes, ...]:
    """What a query may be taken for, as sent first. One may hold whole URLs that hold others, so
    that what is deeper than DEPTH is left."""
    if b"%" not in query and b"+" not in query:
        return (query,)
    return tuple(dict.fromkeys((query, *layers(query), *layers(query.replace(b"+", b" ")))))


def unescaped(body: bytes) -> tuple[bytes, ...]:
    """A body as sent, and as a form, decoded once or twice, or JSON would be read."""
    found = {body: None}
    if b"%" in body or b"+" in body:
        once = decoded(body.replace(b"+", b" "))
        found[once] = None
        if b"%25" in body:
            found[decoded(once)] = None
    if b"\\u00" in body:
        found[_JSON.sub(lambda match: bytes((int(match[1], 16),)), body)] = None
    return tuple(found)
