"""Pairs: a certificate and its key, in the forms in which operators have them.

PEM, the key encrypted or not; PKCS #12, which is both in one file; a folder of pairs.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from porch.config.loaded import Loaded
from porch.config.schema import SiteModel
from porch.tls.certificate import Certificate, Pair, load_certificate, tried

__all__ = ["BUNDLES", "files_in", "folder_pairs", "load_pairs", "matching", "site_files"]

Read = Callable[[Path], bytes]
Files = tuple[Path, Path]
"""Of a certificate and of its key; twice the same for a file that is both."""

BUNDLES = (".p12", ".pfx")
"""How the names of PKCS #12 files end."""
_CERTIFICATES = (".fullchain.pem", ".crt", ".cer", ".pem")
"""How those of certificates do, the liked first: a whole chain is what clients need."""


def site_files(base: Path, site: SiteModel) -> list[Files]:
    """What a site names. base: what paths are relative to."""
    certs = [base / each for each in site.cert or ()]
    keys = [base / each for each in site.key or ()] or certs
    return list(zip(certs, keys, strict=False))


def folder_pairs(loaded: Loaded) -> list[Files]:
    """Those in the folders that a configuration names. They were read (Loaded.read): who serves
    need not see the folders."""
    folders = {loaded.base / each for each in loaded.config.certificates}
    if not folders:
        return []
    files = (file for file in loaded.contents if {file.parent, file.parent.parent} & folders)
    return matching(files)


_importing = threading.Lock()
"""A file is examined in a thread while another looks for new certificates: of two that import the
same modules at once one may be given a module that is half made."""


def load_pairs(
    files: Sequence[Files], password: str | None = None, read: Read = Path.read_bytes
) -> Certificate:
    """The certificate of these. Raises ValueError with a sentence that names the file."""
    if password is None and not any(cert.suffix.lower() in BUNDLES for cert, _ in files):
        try:
            return load_certificate(files, read)
        except ValueError:
            # OpenSSL wants the certificate before those of its authorities; we look for it.
            with contextlib.suppress(ValueError):
                return _all_opened(files, password, read)
            raise
    return _all_opened(files, password, read)


def _all_opened(files: Sequence[Files], password: str | None, read: Read) -> Certificate:
    return tried(Certificate([_opened(cert, key, password, read) for cert, key in files]))


def _opened(cert: Path, key: Path, password: str | None, read: Read) -> Pair:
    with _importing:
        from porch.certs.keys import read_pem, read_pkcs12  # late: cryptography

    try:
        if cert.suffix.lower() in BUNDLES:
            found = read_pkcs12(read(cert), password)
        else:
            found = read_pem(read(cert), read(key), password)
    except OSError as error:
        name = error.filename or cert
        raise ValueError(f"{name} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ValueError(f"{cert if cert == key else f'{cert}, {key}'}: {error}") from error
    return Pair(found.chain, found.key, cert, key)


def files_in(folder: Path) -> list[Path]:
    """What may be certificates or keys in a folder, and in the folders in it. Raises OSError.

    What is hidden is left out: Kubernetes keeps what its links lead to in a folder whose name
    begins with a dot, and is another after each renewal.
    """
    found = _shown(folder)
    found += [file for each in found if each.is_dir() for file in _shown(each)]
    kinds = (".key", *_CERTIFICATES, *BUNDLES)
    return sorted(file for file in found if file.name.lower().endswith(kinds) and file.is_file())


def _shown(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if not each.name.startswith(".")]


def matching(files: Iterable[Path]) -> list[Files]:
    """The pairs among them: a.key or a-key.pem with a.fullchain.pem, a.crt, a.cer or a.pem;
    privkey.pem with fullchain.pem, as certbot has them; a.p12 alone. The others are none."""
    there = set(files)
    found: list[Files] = []
    for file in sorted(there):
        if file.suffix.lower() in BUNDLES:
            found.append((file, file))
        elif file.name == "privkey.pem":
            found += [(each, file) for each in [file.with_name("fullchain.pem")] if each in there]
        elif file.name.endswith((".key", "-key.pem")):
            stem = file.name.removesuffix(".key").removesuffix("-key.pem")
            names = (file.with_name(stem + kind) for kind in _CERTIFICATES)
            found += [(each, file) for each in names if each in there][:1]
    return found
