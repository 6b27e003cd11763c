"""What does not go together about certificates of clients: who is to show one, and to whom.

A word that would protect nothing is an error: a route would be open that is thought to be closed.
"""

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.schema import HostWords
from porch.config.settings import host_word

__all__ = ["review_clients"]


def review_clients(loaded: Loaded) -> None:
    """Look over `client_ca`, `client_cert` and conditions on certificates. Reads no file.

    Where a site was refused, all is taken to be in that one.
    """
    config = loaded.config
    if loaded.lacks_sites:
        return
    anywhere = any(each.client_ca for each in (config, *loaded.sites.values()))
    _review(loaded, config, (), anywhere)
    for host, site in loaded.sites.items():
        path = loaded.site_paths[host]
        _review(loaded, site, path, bool(host_word(loaded, host, "client_ca")))
        if site.client_ca and site.cert is False:
            text = "'cert' is false beside it: without HTTPS no client can show a certificate"
            loaded.add((*path, "client_ca"), text)
    for entry in loaded.routes:
        if entry.pattern is None:
            continue
        host = entry.pattern.host.decode("ascii")
        known = bool(host_word(loaded, host, "client_ca"))
        known = known or (anywhere and host.startswith("*"))
        when = entry.model.when
        if entry.model.client_cert is not None and not known:
            loaded.add((*entry.path, "client_cert"), _nobody("client_cert"))
        if when is not None and when.client_cert is not None and not known:
            loaded.add((*entry.path, "when", "client_cert"), _nobody("client_cert"))


def _review(loaded: Loaded, words: HostWords, path: KeyPath, known: bool) -> None:
    if words.client_ca == []:
        text = "'client_ca' is empty; name a PEM file of authorities, or write false for none"
        loaded.add((*path, "client_ca"), text)
    elif words.client_cert is not None and not known:
        loaded.add((*path, "client_cert"), _nobody("client_cert"))


def _nobody(word: str) -> str:
    return (
        f"'{word}' needs authorities to believe: client_ca = \"ca.pem\", "
        "beside it, in the host's [site] or at the top"
    )
