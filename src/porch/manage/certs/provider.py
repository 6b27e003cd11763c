"""Provider: who writes records into DNS, by the words of a configuration."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from porch.config.words import dns_settings
from porch.manage.named_object import object_named

if TYPE_CHECKING:
    from porch.certs.means import Means

__all__ = ["by_dns", "provider_named"]

PATIENCE = 60.0
"""Seconds that a provider may take to be loaded and set up."""
HANGS = f"has not come up within {PATIENCE:.0f} s: see what its module, or its __init__, waits for"


def by_dns(words: Mapping[str, str], base: Path, means: "Means") -> "Means":
    """`means`, with a provider. Raises ValueError with a sentence.

    words: provider: its name, "py:module:object", or "persist" for records that the operator keeps
    (dns-persist-01). resolvers: addresses with commas between, by which zones are found in place of
    the system's, "none" to believe the provider when it is done. resolver_port: of name servers.
    """
    from porch.certs.patience import within

    try:
        return within(PATIENCE, partial(_added, words, base, means))
    except TimeoutError as error:
        raise ValueError(f"the DNS provider '{words['provider']}' {HANGS}") from error


def _added(words: Mapping[str, str], base: Path, means: "Means") -> "Means":
    from porch.certs.dns import Propagation, made

    name = words["provider"]
    if name == "persist":
        return replace(means, persist=True)
    provider = made(name, provider_named(name, base), dns_settings(words))
    resolvers = words.get("resolvers", "")
    if resolvers == "none":
        return replace(means, dns=provider)
    addresses = [each.strip() for each in resolvers.split(",") if each.strip()]
    propagation = Propagation(addresses, int(words.get("resolver_port", "53")))
    return replace(means, dns=provider, propagation=propagation)


def provider_named(name: str, base: Path) -> object:
    """What the name of a provider is of: the operator's own, or a package's. Loads its code.

    base: where modules are found too. Raises ValueError with a sentence.
    """
    from porch.certs.dns import find

    return object_named(name, base) if name.startswith("py:") else find(name)
