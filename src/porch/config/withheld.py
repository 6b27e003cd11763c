"""Withheld: what of a configuration is for the admin door alone, and for no worker.

Workers face strangers, run the operator's own code, and may have fewer rights than the supervisor.
Whoever has one of them must not find in its memory what steers the door.
"""

import copy
import hashlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.pairs import folder_pairs, site_files

__all__ = ["DIGEST", "as_digest", "digested", "withheld"]

DIGEST = "sha256:"
"""How a token begins that is known and not told (schema_admin.py)."""


def as_digest(token: str) -> str:
    """As a token is known that nobody can tell from it."""
    if token.startswith(DIGEST):
        return token
    return DIGEST + hashlib.sha256(token.encode()).hexdigest()


def digested(loaded: Loaded) -> None:
    """Keep of each token of `admin` its digest alone: a worker is forked with all that is here.

    What came from a configuration in Python, or from the environment, its makers still have."""
    admin = loaded.config.admin
    if admin is None or not admin.tokens:
        return
    tokens = {
        name: each.model_copy(update={"token": as_digest(each.token)})
        for name, each in admin.tokens.items()
    }
    admin = admin.model_copy(update={"tokens": tokens})
    loaded.config = loaded.config.model_copy(update={"admin": admin})
    for file in _token_files(loaded):
        if not any(file in _files(loaded, path) for path in loaded.secrets if not _is_token(path)):
            content = loaded.contents.get(file, b"").decode("utf-8", "replace")
            token = content.removesuffix("\n").removesuffix("\r")
            loaded.contents[file] = as_digest(token).encode()
    for path, found in loaded.secrets.items():
        if _is_token(path):
            loaded.secrets[path] = [(as_digest(value), written) for value, written in found]


def withheld(loaded: Loaded) -> Loaded:
    """The same for a worker: without `admin`, and without the files that this alone reads."""
    made = copy.copy(loaded)
    admin = loaded.config.admin
    if admin is None:
        return made
    own = {loaded.base / each for each in (admin.cert, admin.key) if each}
    shared = {*chain(*_pairs(loaded))}
    hidden = (own - shared) | {*_token_files(loaded), *loaded.files}
    made.config = loaded.config.model_copy(update={"admin": None})
    made.contents = {file: each for file, each in loaded.contents.items() if file not in hidden}
    made.secrets = {path: each for path, each in loaded.secrets.items() if path[:1] != ("admin",)}
    return made


def _is_token(path: KeyPath) -> bool:
    return path[:2] == ("admin", "tokens")


def _token_files(loaded: Loaded) -> Iterator[Path]:
    return chain.from_iterable(_files(loaded, path) for path in loaded.secrets if _is_token(path))


def _files(loaded: Loaded, path: KeyPath) -> Iterator[Path]:
    """From which the secrets at a path were read."""
    for _, written in loaded.secrets[path]:
        if written.startswith("file:"):
            yield Path(written.removeprefix("file:"))


def _pairs(loaded: Loaded) -> Iterator[tuple[Path, Path]]:
    """Of sites: what serves them is no secret of the admin door."""
    for site in loaded.sites.values():
        yield from site_files(loaded.base, site)
    yield from folder_pairs(loaded)
