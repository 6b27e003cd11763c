"""What [acme] names: authorities, the file that vouches for theirs, and who writes into DNS."""

import re

from porch.certs.authority import authority
from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.review_files import review_file
from porch.config.words import dns_settings

__all__ = ["review_acme"]

_BASE64URL = re.compile(r"[A-Za-z0-9_+/-]+={0,2}")
"""RFC 4648 5; the alphabet of 4 is understood too."""


def review_acme(loaded: Loaded) -> None:
    """Look over [acme]. Loads no code but the door's own."""
    acme = loaded.config.acme
    if acme is None:
        return
    if acme.ca is not None and review_file(loaded, acme.ca, ("acme", "ca")):
        _review_ca(loaded, acme.ca, ("acme", "ca"))
    for name in acme.directory:
        try:
            authority(name)
        except ValueError as error:
            loaded.add(("acme", "directory"), str(error))
    if acme.eab is not None and not _is_base64url(acme.eab.key):
        # Without the value: it is a secret, wherever it is written.
        text = "'key' is not base64url; copy it whole, as the authority gives it"
        loaded.add(("acme", "eab", "key"), text)
    if acme.dns is not None and acme.dns["provider"] == "rfc2136":
        _review_rfc2136(loaded, acme.dns)


def _is_base64url(text: str) -> bool:
    return _BASE64URL.fullmatch(text) is not None and len(text.rstrip("=")) % 4 != 1


def _review_ca(loaded: Loaded, name: str, path: KeyPath) -> None:
    """That a file has an authority in it, and not what an authority has signed: nothing that a
    server shows could be verified by that."""
    from porch.certs.facts import is_anchor, load_chain  # late: cryptography

    file = loaded.base / name
    try:
        found = load_chain(loaded.read(file))
    except ValueError as error:
        loaded.add(path, f"{file}: {error}")
        return
    if not any(map(is_anchor, found)):
        loaded.add(
            path,
            f"{file} has the certificate of a server, and none of an authority: name the root"
            " that has signed it, at the end of its chain",
        )


def _review_rfc2136(loaded: Loaded, words: dict[str, str]) -> None:
    path: KeyPath = ("acme", "dns")
    if any(at[:2] == path for at in loaded.unfilled):  # what is wrong comes of that
        return
    from porch.certs.dns import find, made  # late: a DNS library

    try:
        made("rfc2136", find("rfc2136"), dns_settings(words))
    except ValueError as error:
        loaded.add(path, str(error))
