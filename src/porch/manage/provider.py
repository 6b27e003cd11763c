"""Provider: who writes records into DNS, by the words of a configuration."""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from porch.certs.dns import Provider
    from porch.certs.means import Means

__all__ = ["OWN_WORDS", "by_dns", "object_named"]

PATIENCE = 60.0
"""Seconds that a provider may take to be loaded and set up."""
HANGS = f"has not come up within {PATIENCE:.0f} s: see what its module, or its __init__, waits for"
OWN_WORDS = ("provider", "resolvers", "resolver_port")
"""Words of the table that are ours; all others are the provider's settings."""


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
        raise ValueError(f"the DNS provider '{words.get('provider', '')}' {HANGS}") from error


def _added(words: Mapping[str, str], base: Path, means: "Means") -> "Means":
    from porch.certs.dns import Propagation, check, find

    name = words.get("provider", "")
    if name == "persist":
        return replace(means, persist=True)
    settings = {word: value for word, value in words.items() if word not in OWN_WORDS}
    if name.startswith("py:"):
        provider: Provider = check(name, object_named(name, base), settings)
    else:
        provider = find(name, settings)
    resolvers = words.get("resolvers", "")
    if resolvers == "none":
        return replace(means, dns=provider)
    addresses = [each.strip() for each in resolvers.split(",") if each.strip()]
    port = words.get("resolver_port", "53")
    if not port.isdecimal():
        raise ValueError(f"resolver_port is {port}; it must be a port, such as 53")
    propagation = Propagation(addresses, int(port))
    return replace(means, dns=provider, propagation=propagation)


def object_named(name: str, base: Path) -> object:
    """What "py:module:object" names; modules beside the configuration are found too.

    Raises ValueError with a sentence.
    """
    module, _, attribute = name.removeprefix("py:").partition(":")
    if not module or not attribute:
        raise ValueError(f"'{name}' is not py:module:object")
    if str(base) not in sys.path:
        sys.path.append(str(base))
    try:
        found: object = importlib.import_module(module)
        for step in attribute.split("."):
            found = getattr(found, step)
    except (Exception, SystemExit) as error:  # the operator's code
        raise ValueError(f"{name} cannot be loaded: {type(error).__name__}: {error}") from error
    return found
