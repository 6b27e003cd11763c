"""What no single word of a pool can tell: endpoints that stand in it twice, weights, secrets."""

from collections.abc import Sequence

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.schema_balance import StickyModel
from porch.config.target import Target

__all__ = ["review_servers", "review_sticky"]

SHORTEST = 16
"""Characters of a secret."""


def review_servers(loaded: Loaded, found: Sequence[tuple[KeyPath, Target]], path: KeyPath) -> None:
    """Look over the endpoints of one pool. path: of their list."""
    known: dict[tuple[object, ...], Target] = {}
    for at, target in found:
        if target.is_alone:
            return
        key = (target.kind, target.host.lower(), target.port, target.path, target.source)
        first = known.setdefault(key, target)
        if first is not target:
            same = "" if first.text == target.text else f", as '{first.text}' before"
            share = f'for a double share write {{ to = "{first.text}", weight = 2 }}'
            loaded.add(at, f"'{target.text}' stands in the list twice{same}; {share}")
    if found and not any(target.weight for _, target in found):
        text = "every weight is 0, so that nobody would be asked; give one of them a weight"
        loaded.add(path, text)


def review_sticky(loaded: Loaded, sticky: "StickyModel | bool | None", path: KeyPath) -> None:
    """Whether its secret is one. path: of `sticky`."""
    secret = sticky.secret if isinstance(sticky, StickyModel) else None
    if secret is not None and len(secret) < SHORTEST:
        text = f"the secret has fewer than {SHORTEST} characters; openssl rand -hex 32 makes one"
        loaded.add((*path, "secret"), text)
