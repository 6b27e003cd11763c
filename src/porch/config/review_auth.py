"""What no single word of `auth` can tell: whether there is a way to come in at all."""

from collections.abc import Sequence
from typing import Any

from porch.config.authing import has_way, merge_auth
from porch.config.loaded import Loaded, RouteEntry
from porch.config.locate import KeyPath
from porch.config.schema import RouteWords
from porch.config.schema_auth import WAYS
from porch.config.settings import RouteSettings, host_word

__all__ = ["review_auth"]

_NO_WAY = (
    "it names no way to show who one is, and there is none further out to add to, so that nobody"
    f" could come in; write one of {', '.join(WAYS)}"
)


def review_auth(loaded: Loaded, data: dict[str, Any]) -> None:
    """Look over `auth` at the top, in the sites and in the routes, made from `data`."""
    top: list[RouteWords] = [loaded.config]
    _review(loaded, top, (), data)
    for host, site in loaded.sites.items():
        path = loaded.site_paths[host]
        _review(loaded, [*top, site], path, data["site"][path[-1]])
    for entry in loaded.routes:
        if entry.pattern is not None:
            host = entry.pattern.host.decode("ascii")
            layers = RouteSettings.of(loaded, entry, host).layers
            _review(loaded, layers, entry.path, entry.raw)
            _review_route(loaded, entry, host)


def _review(loaded: Loaded, layers: Sequence[RouteWords], path: KeyPath, raw: Any) -> None:
    """layers: the one that stands at `path` last. raw: of which it was made; a way that is wrong in
    itself was told of."""
    said = raw.get("auth")
    if not layers[-1].auth or (isinstance(said, dict) and not said.keys().isdisjoint(WAYS)):
        return
    words = merge_auth(layers)
    if words is None or not has_way(words):
        loaded.add((*path, "auth"), _NO_WAY)


def _review_route(loaded: Loaded, entry: RouteEntry, host: str) -> None:
    words = merge_auth(RouteSettings.of(loaded, entry, host).layers)
    if words is not None and words.certificate and not host_word(loaded, host, "client_ca"):
        path = (*entry.path, "auth") if entry.model.auth else entry.path
        text = (
            "auth by certificate: nobody is asked for one on this host; write client_ca at the top"
            " or in its site"
        )
        loaded.add(path, text)
