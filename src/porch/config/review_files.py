"""Files that are named: whether they can be read, and who else may use the keys in them.

What they hold is looked at when they are built from, or in review_certificates.py.
"""

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.pairs import BUNDLES, files_in, matching
from porch.config.schema import SiteModel

__all__ = ["loose_rights", "review_file", "review_folders", "review_pair", "review_rights"]


def review_file(loaded: Loaded, name: str | None, path: KeyPath) -> bool:
    """Whether a file that is named can be read. path: where it is named."""
    if name is None:
        return True
    file = loaded.base / name
    try:
        loaded.read(file)
    except OSError as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else None
        loaded.add(path, f"{file} {why or f'cannot be read: {error.strerror or error}'}")
        return False
    return True


def review_rights(loaded: Loaded, key: Path, path: KeyPath) -> None:
    """Warn of each right to a key that is one too many."""
    for text in loose_rights(key):
        loaded.add(path, text, warning=True)


def loose_rights(key: Path) -> Iterator[str]:
    """In sentences: that others than its owner and a group can read a key, or others than its
    owner write it.

    A group that reads is how systems give a key to several services (Debian's `ssl-cert`), and
    how containers are given one that is root's.
    """
    with contextlib.suppress(OSError, ValueError):  # ValueError: a zero in the name
        mode = key.stat().st_mode
        if mode & stat.S_IROTH:
            yield f"everybody on this machine can read {key}: chmod o-r {key}"
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            who = "everybody on this machine" if mode & stat.S_IWOTH else "its group"
            yield f"{who} can write {key}, and so put another in its place: chmod go-w {key}"


def review_pair(loaded: Loaded, site: SiteModel, path: KeyPath) -> SiteModel:
    """That cert and key of a site stand together and can be read.

    Returns the site, without them if that is not so: what they hold is then no matter.
    """
    certs, keys = site.cert or [], site.key or []
    is_bundle = bool(certs) and all(each.lower().endswith(BUNDLES) for each in certs)
    wrong = _misfit(site, is_bundle=is_bundle)
    if wrong is not None:
        word, text = wrong
        loaded.add((*path, word), text)
    are_there = [
        review_file(loaded, file, (*path, word))
        for word, files in (("cert", certs), ("key", keys))
        for file in files
    ]
    for file in certs if is_bundle else keys:
        review_rights(loaded, loaded.base / file, (*path, "cert" if is_bundle else "key"))
    is_fine = wrong is None and all(are_there) and (*path, "key_password") not in loaded.unfilled
    return site if is_fine else site.model_copy(update={"cert": None, "key": None})


def _misfit(site: SiteModel, *, is_bundle: bool) -> tuple[str, str] | None:
    """Why cert and key do not stand together, and at which word; None if they do."""
    certs, keys = site.cert or [], site.key or []
    if site.cert is False and keys:
        return "key", "'cert' is false beside it; take one of them out"
    if is_bundle:
        return ("key", "a PKCS #12 file has its key in it; take 'key' out") if keys else None
    if bool(certs) != bool(keys):
        there, missing = ("key", "cert") if keys else ("cert", "key")
        return there, f"'{missing}' is missing beside '{there}'; both are files"
    if len(certs) != len(keys):
        return "key", f"{len(certs)} certificates have {len(keys)} keys; one each"
    return None


def review_folders(loaded: Loaded) -> None:
    """Read all pairs of the folders: who serves may not see them."""
    for number, name in enumerate(loaded.config.certificates):
        path: KeyPath = ("certificates", number)
        folder = loaded.base / name
        try:
            pairs = matching(files_in(folder))
            for file in dict.fromkeys(file for pair in pairs for file in pair):
                loaded.read(file)
        except OSError as error:
            loaded.add(path, f"{error.filename or folder}: {error.strerror or error}")
            continue
        for _, key in pairs:
            review_rights(loaded, key, path)
        if not pairs:
            text = f"{folder} has no pair, such as a.crt and a.key"
            loaded.add(path, text, warning=True)
