"""What clients will say to the certificates of files: too old, too new, or for another host.

That warns and refuses nothing. A certificate ends by itself, and a door that is started that night
has other hosts to serve; and there are clients that look at none of it, such as a CDN before the
door. What OpenSSL will not show to anybody is an error, where it is loaded (certificates.py).
"""

from collections.abc import Iterator

from porch import clock
from porch.certs import moments
from porch.config.certificates import Certificates
from porch.config.loaded import Loaded
from porch.tls.certificate import Certificate, Pair

__all__ = ["findings", "review_certificates"]

_NAMES = 3
"""Names of a certificate that are told."""


def review_certificates(loaded: Loaded, certificates: Certificates) -> None:
    """Warn of each certificate that was given and that clients will refuse."""
    folders: dict[bytes, Certificate] = {}
    for host, certificate in certificates.presented.by_host.items():
        site = loaded.sites.get(host)
        if site is None or not site.cert:  # it stands in a folder
            folders[certificate.digest] = certificate
            continue
        path = (*loaded.site_paths[host], "cert")
        for text in findings(certificate, host):
            loaded.add(path, text, warning=True)
    for certificate in folders.values():
        for text in findings(certificate, None):
            loaded.add(("certificates",), text, warning=True)


def findings(certificate: Certificate, host: str | None) -> Iterator[str]:
    """What clients will refuse, in sentences. host: that a site names it for; None for the names
    that stand in it."""
    for pair in certificate.pairs:
        yield from _findings_of_pair(pair, host)


def _findings_of_pair(pair: Pair, host: str | None) -> Iterator[str]:
    from porch.certs.facts import read_facts  # late: cryptography

    try:
        facts = read_facts(pair.chain)
    except ValueError:  # OpenSSL reads more than this does, and it is OpenSSL that shows it
        return
    file, now = pair.cert_file, clock.wall()
    begins, ends = moments.words(facts.not_before), moments.words(facts.not_after)
    if facts.not_after < now:
        yield f"{file} has expired at {ends}; put a new one into its files"
    elif facts.not_before > now:
        yield (
            f"{file} is valid from {begins} on only, and refused until then; set this machine's"
            " clock, or put another into its files"
        )
    if host is None or host == "*":
        return
    if not facts.names:
        yield (
            f"{file} names no host (subjectAltName), and browsers take no such certificate; have"
            f" it made again with {host} in it"
        )
    elif host not in facts.names and "*." + host.partition(".")[2] not in facts.names:
        shown = ", ".join(facts.names[:_NAMES]) + ", ..." * (len(facts.names) > _NAMES)
        yield (
            f"{file} is for {shown}, and not for {host}, whose clients refuse it; name another"
            f" file, or have it made again with {host} in it"
        )
