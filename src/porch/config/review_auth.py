"""What no single word of `auth` can tell: whether there is a way to come in at all, and whether it
is one for those alone whom the operator means."""

from collections.abc import Callable, Sequence
from typing import Any

from porch.config.auth_files import jwt_keys_of, keys_of, users_of
from porch.config.authing import algorithms_of, has_way, merge_auth, tells, told_fields
from porch.config.loaded import Loaded, RouteEntry
from porch.config.locate import KeyPath
from porch.config.review_files import review_file
from porch.config.review_oidc import review_oidc
from porch.config.schema import RouteWords
from porch.config.schema_auth import WAYS, AuthModel, JwtModel
from porch.config.settings import host_word, merge_cache, site_of
from porch.config.urls import is_near
from porch.shield.jwt_keys import SYMMETRIC

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
    merged: dict[tuple[int, ...], AuthModel | None] = {}
    for entry in loaded.routes:
        if entry.pattern is not None:
            host = entry.pattern.host.decode("ascii")
            own = site_of(loaded, host)
            layers = [*top, *([own] if own is not None else ()), entry.model]
            if any(each.auth for each in layers):
                _review(loaded, layers, entry.path, entry.raw)
                key = tuple([id(each.auth) for each in layers])
                if key not in merged:  # most of many routes have the words of their site
                    merged[key] = merge_auth(layers)
                _review_route(loaded, entry, host, layers, merged[key])


def _review(loaded: Loaded, layers: Sequence[RouteWords], path: KeyPath, raw: Any) -> None:
    """layers: the one that stands at `path` last. raw: of which it was made; a way that is wrong in
    itself was told of."""
    own = layers[-1].auth
    if not own:
        return
    said, at = raw.get("auth"), (*path, "auth")
    _review_words(loaded, own, at)
    if isinstance(said, str) or (isinstance(said, dict) and not said.keys().isdisjoint(WAYS)):
        return
    words = merge_auth(layers)
    if words is None or not has_way(words):
        loaded.add(at, _NO_WAY)


def _review_words(loaded: Loaded, words: AuthModel, path: KeyPath) -> None:
    if isinstance(words.keys, str):
        _review_read(loaded, lambda: keys_of(loaded, words), words.keys, (*path, "keys"))
    if isinstance(words.basic, str):
        _review_read(loaded, lambda: users_of(loaded, words), words.basic, (*path, "basic"))
    if words.jwt is not None:
        _review_jwt(loaded, words.jwt, (*path, "jwt"))
    if words.forward is not None:
        review_file(loaded, words.forward.ca, (*path, "forward", "ca"))
    if words.oidc is not None:
        review_oidc(loaded, words.oidc, (*path, "oidc"))
    for name, value in words.require.items():
        if value in ([], ""):
            text = f"'{name}' can be nothing, so that nobody could come in; write what it may be"
            loaded.add((*path, "require", name), text)
    written = [*words.fields] + ([words.user] if isinstance(words.user, str) else [])
    if len(told_fields(words)) < len(words.fields) + (words.user is not False):
        loaded.add((*path, "fields"), f"two of {', '.join(written)} are one field; keep one")


def _review_read(loaded: Loaded, read: Callable[[], object], what: str, path: KeyPath) -> None:
    """A problem where what a word names cannot be read, or is of no use."""
    try:
        read()
    except OSError as error:
        loaded.add(path, f"{what} cannot be read: {error.strerror or error}")
    except ValueError as error:
        loaded.add(path, f"{what}: {error}")


def _review_jwt(loaded: Loaded, jwt: JwtModel, path: KeyPath) -> None:
    said = [name for name in ("jwks", "key", "secret") if getattr(jwt, name) is not None]
    if len(said) != 1:
        why = f"{' and '.join(said)} stand side by side" if said else "nothing verifies a token"
        loaded.add(path, f"{why}; write one of jwks, key and secret")
        return
    if jwt.jwks is None:
        named = "secret" if jwt.secret is not None else f"the file {jwt.key}"
        _review_read(loaded, lambda: jwt_keys_of(loaded, jwt), named, (*path, said[0]))
    review_file(loaded, jwt.ca, (*path, "ca"))
    wrong = [
        each
        for each in jwt.algorithms or algorithms_of(jwt)
        if (each in SYMMETRIC) != (jwt.secret is not None)
    ]
    if wrong:
        what = "a shared secret" if jwt.secret is None else "a public key"
        text = (
            f"{', '.join(wrong)} is verified with {what}, and {said[0]} is none: whoever has the"
            " public key could sign; take it out"
        )
        loaded.add((*path, "algorithms"), text)
    if jwt.audience is None:
        text = (
            "a token that the issuer has made for any other service lets in here too; write"
            " audience = …"
        )
        loaded.add(path, text, warning=True)
    if jwt.jwks is not None and jwt.jwks.startswith("http://") and not is_near(jwt.jwks):
        text = "whoever is between can put keys of their own in; write https://"
        loaded.add((*path, "jwks"), text, warning=True)


def _review_route(
    loaded: Loaded,
    entry: RouteEntry,
    host: str,
    layers: Sequence[RouteWords],
    words: AuthModel | None,
) -> None:
    """What holds on a route, wherever it is said."""
    if words is None:
        return
    path = (*entry.path, "auth") if entry.model.auth else entry.path
    if words.certificate and not host_word(loaded, host, "client_ca"):
        text = (
            "auth by certificate: nobody is asked for one on this host; write client_ca at the top"
            " or in its site"
        )
        loaded.add(path, text)
    elif words.certificate and any(getattr(words, way) for way in WAYS[1:]):
        demand = entry.model.client_cert or host_word(loaded, host, "client_cert")
        if demand != "optional":
            text = (
                "who shows no certificate is answered 403 before another way is asked; write"
                ' client_cert = "optional"'
            )
            loaded.add(path, text, warning=True)
    cache = merge_cache(layers)
    keeps = cache is not None and "authorization" in (cache.ignore or ())
    if keeps and tells(words):
        is_seen = words.forward or words.py or getattr(words, "pass")
        silence = "" if is_seen else "write user = false if the origin need not know who it is, or "
        text = (
            "what is answered to one who is let in is kept and given to all who are;"
            f' {silence}take "authorization" out of ignore'
        )
        loaded.add(path, text, warning=True)
