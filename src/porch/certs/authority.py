"""Authority: a CA that speaks ACME (RFC 8555), as it is described to us.

The known ones have a short name; any other is named by the URL of its directory.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

__all__ = ["PRESETS", "Authority", "KeyType", "authority"]

KeyType = Literal["ecdsa", "rsa"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Whom to ask for certificates, and as whom.

    directory: URL. staging: URL of its rehearsal, whose certificates nobody trusts and whose
    limits are wide; "" for none. email: told to it as contact; "" for none. eab: key id and HMAC
    key (base64url) of an account with it that exists outside of ACME (RFC 8555 7.3.4). ca: PEM
    file of who vouches for the directory's own certificate; None for those of the system.
    profile: kind of certificate, as "shortlived"; "" for its default. key_type: of the
    certificates' keys. issuer: name of the root or intermediate that the chain should end in,
    where it offers several.
    """

    directory: str
    staging: str = ""
    email: str = ""
    eab: tuple[str, str] | None = None
    ca: Path | None = None
    profile: str = ""
    key_type: KeyType = "ecdsa"
    issuer: str = ""

    def __repr__(self) -> str:  # without the HMAC key
        return f"<Authority {self.directory}>"

    @property
    def host(self) -> str:
        """Of its directory, for messages."""
        return urlsplit(self.directory).hostname or self.directory

    @property
    def label(self) -> str:
        """One word for names in a store: the host, and a digest, for a host may have several."""
        digest = hashlib.sha256(self.directory.encode()).hexdigest()[:8]
        return f"{self.host.replace(':', '-')}-{digest}"

    def rehearsal(self) -> "Authority | None":
        """Its staging counterpart; None if it has none.

        Without the external account, which staging environments do not know, and without the
        issuer, which has another name there.
        """
        if not self.staging:
            return None
        return replace(self, directory=self.staging, staging="", eab=None, issuer="")


PRESETS = {
    "letsencrypt": Authority(
        directory="https://acme-v02.api.letsencrypt.org/directory",
        staging="https://acme-staging-v02.api.letsencrypt.org/directory",
    ),
    "letsencrypt-staging": Authority(
        directory="https://acme-staging-v02.api.letsencrypt.org/directory"
    ),
    "zerossl": Authority(directory="https://acme.zerossl.com/v2/DV90"),
    # Google's staging knows external accounts, but others than the real one.
    "google": Authority(directory="https://dv.acme-v02.api.pki.goog/directory"),
    "buypass": Authority(
        directory="https://api.buypass.com/acme/directory",
        staging="https://api.test4.buypass.no/acme/directory",
    ),
}


def authority(name: str) -> Authority:
    """The authority of that name, or with that directory.

    Raises ValueError with a sentence if it is neither. Plain HTTP is for a CA on this machine.
    """
    if name in PRESETS:
        return PRESETS[name]
    parts = urlsplit(name)
    is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and is_local)):
        return Authority(directory=name)
    known = ", ".join(PRESETS)
    raise ValueError(f"'{name}' is no CA that is known ({known}), nor the https URL of one")
