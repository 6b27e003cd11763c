"""What no single word about browsers can tell."""

import re

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.schema import RouteWords
from porch.config.schema_browser import CorsModel, CspModel
from porch.config.suggest import nearest

__all__ = ["review_browser"]

_DIRECTIVES = frozenset(
    (
        *("base-uri", "child-src", "connect-src", "default-src", "font-src", "form-action"),
        *("frame-ancestors", "frame-src", "img-src", "manifest-src", "media-src", "object-src"),
        *("report-to", "report-uri", "sandbox", "script-src", "script-src-attr", "script-src-elem"),
        *("style-src", "style-src-attr", "style-src-elem", "upgrade-insecure-requests"),
        *("worker-src", "require-trusted-types-for", "trusted-types", "fenced-frame-src"),
        *("block-all-mixed-content", "webrtc"),
    )
)
_HASHED = re.compile("'(?:nonce|sha256|sha384|sha512)-")
_CORS = "access-control-"


def review_browser(loaded: Loaded) -> None:
    """Look over the words at the top, in the sites and in the routes."""
    layers: list[tuple[KeyPath, RouteWords]] = [((), loaded.config)]
    layers += [(loaded.site_paths[host], site) for host, site in loaded.sites.items()]
    layers += [(entry.path, entry.model) for entry in loaded.routes]
    for path, words in layers:
        if words.cors:
            _review_cors(loaded, words.cors, (*path, "cors"))
            _review_fields(loaded, words, path)
        if words.csp:
            _review_csp(loaded, words.csp, (*path, "csp"))


def _review_cors(loaded: Loaded, cors: CorsModel, path: KeyPath) -> None:
    if cors.credentials and "*" in cors.origins:
        text = (
            "with credentials every page of the world could read what is for its visitors alone, "
            'and no browser takes that; name the origins in place of "*"'
        )
        loaded.add((*path, "origins"), text)
    if cors.credentials and "null" in cors.origins:
        text = "'null' is any page that hides where it comes from; not with credentials"
        loaded.add((*path, "origins"), text)
    if "*" in cors.origins and len(cors.origins) > 1:
        text = 'beside "*" no other origin says anything; take them out, or "*"'
        loaded.add((*path, "origins"), text, warning=True)
    if cors.websocket and "*" in cors.origins:
        text = "'websocket' does nothing beside \"*\", which is every origin"
        loaded.add((*path, "websocket"), text, warning=True)
    for each in cors.origins:
        if cors.credentials and each.startswith("http://") and not _is_local(each):
            text = (
                f"'{each}' is plain HTTP: whoever stands between can be such a page, and read what "
                "is for its visitors alone; write https://"
            )
            loaded.add((*path, "origins"), text, warning=True)


def _review_fields(loaded: Loaded, words: RouteWords, path: KeyPath) -> None:
    """Two that say the same."""
    if words.headers is None:
        return
    for name in words.headers.response:
        if name.lower().startswith(_CORS):
            text = f"'{name}' is said by cors too; keep one of them"
            loaded.add((*path, "headers"), text, warning=True)


def _review_csp(loaded: Loaded, csp: CspModel, path: KeyPath) -> None:
    for name, value in csp.directives.items():
        if name not in _DIRECTIVES:
            near = nearest(name, _DIRECTIVES)
            meant = f"; did you mean '{near}'?" if near else ""
            text = f"'{name}' is no directive that browsers know{meant}"
            loaded.add(path, text, warning=True)
        is_of_scripts = name in ("script-src", "default-src")
        if is_of_scripts and "'unsafe-inline'" in value.lower() and not _HASHED.search(value):
            text = (
                f"{name} with 'unsafe-inline' keeps no injected script out; let scripts stand in "
                "files, or name their hashes"
            )
            loaded.add(path, text, warning=True)


def _is_local(origin: str) -> bool:
    host = origin.removeprefix("http://").partition(":")[0]
    return host in ("localhost", "127.0.0.1", "[") or host.endswith(".localhost")
