"""What no single word of `auth.oidc` can tell: whether a login is safe, and can come back."""

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.review_files import review_file
from porch.config.schema_oidc import CALLBACK, LOGOUT, OidcModel
from porch.config.urls import is_near

__all__ = ["review_oidc"]

_LEAST = 32
"""Bytes of a secret: as many as the key that is made of it (RFC 5869)."""


def review_oidc(loaded: Loaded, words: OidcModel, path: KeyPath) -> None:
    """path: where they stand."""
    if words.issuer.startswith("http://") and not is_near(words.issuer):
        text = "whoever is between could log in as anybody; write https://"
        loaded.add((*path, "issuer"), text)
    secret = words.cookie_secret
    if secret is not None and len(secret.encode()) < _LEAST:
        text = f"a secret of less than {_LEAST} bytes can be found by trying; write a longer one"
        loaded.add((*path, "cookie_secret"), text)
    if (words.callback or CALLBACK) == (words.logout or LOGOUT):
        loaded.add((*path, "logout"), "logins come back to the same path; write another")
    if words.client_auth is not None and words.client_secret is None:
        text = "there is no client_secret to be shown; write one, or take this out"
        loaded.add((*path, "client_auth"), text)
    review_file(loaded, words.ca, (*path, "ca"))
