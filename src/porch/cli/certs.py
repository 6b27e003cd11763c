"""`porch certs`: how the certificate of each host is, what stands in the way of one, and a new one
now. It looks into the store itself, so that it works beside a door that does not run."""

import contextlib
import json
import sys
from pathlib import Path

import dns.resolver

from porch import clock
from porch.certs.addresses import own_addresses
from porch.certs.answers import Answers
from porch.certs.files import StoreError
from porch.certs.keeper import Keeper
from porch.certs.preflight import Wanted as ToCheck
from porch.certs.preflight import make_token, preflight
from porch.certs.report import certs_json, certs_text, check_json, check_text
from porch.certs.states import states
from porch.certs.store import FileStore
from porch.cli.store import loaded_of, open_store
from porch.config.build import Built, build
from porch.config.loaded import Loaded
from porch.config.state import State
from porch.manage.control import NotRunning, ask
from porch.manage.wanted import Wanted

__all__ = ["check_name", "renew_name", "show_certs"]

IDENTITIES = {
    "letsencrypt": ("letsencrypt.org",),
    "letsencrypt-staging": ("letsencrypt.org",),
    "zerossl": ("sectigo.com", "zerossl.com"),
    "google": ("pki.goog",),
    "buypass": ("buypass.com",),
}
"""What CAA records call an authority (RFC 8659 4.2), as each documents it."""


def show_certs(config: Path, *, as_json: bool) -> int:
    """Print a line a host. Returns 0, or 1 with the reason on stderr."""
    found = _found(config)
    if found is None:
        return 1
    _, built, store = found
    given = built.certificates.presented.by_host
    all_of_them = [*states(store, built.certificates.managed, given)]
    now = clock.wall()
    if as_json:
        print(json.dumps(certs_json(all_of_them, now), indent=2))
    else:
        print(certs_text(all_of_them, now))
    return 0


def check_name(config: Path, name: str, *, as_json: bool) -> int:
    """Look at all that can be seen before an order. Returns 0, or 1 if something is in the way."""
    found = _found(config)
    if found is None:
        return 1
    loaded, built, store = found
    if built.certificates.managed.get(name) == "local":
        print(f"{name} is certified by the authority of this machine, which needs no check")
        return 0
    acme = loaded.config.acme
    directory = acme.directory[0] if acme is not None and acme.directory else ""
    ports = [
        next((each.port for each in built.listen if each.tls is tls and each.port), default)
        for tls, default in ((False, 80), (True, 443))
    ]
    token = make_token()
    answers = Answers(store)
    is_running = _is_running(config) and built.certificates.managed.get(name) == "acme"
    if is_running:
        answers.present_http(token, token)
    try:
        result = preflight(
            ToCheck(
                name=name,
                own=own_addresses(),
                identities=IDENTITIES.get(directory, ()),
                token=token,
                expected=token.encode() if is_running else None,
                ports=(ports[0], ports[1]),
            ),
            dns.resolver.Resolver(),
        )
    except dns.resolver.NoResolverConfiguration:
        print("porch: this machine has no name server; see /etc/resolv.conf", file=sys.stderr)
        return 1
    finally:
        if is_running:
            with contextlib.suppress(StoreError):
                answers.cleanup_http(token)
    words = (result.name, result.findings, result.advice)
    print(json.dumps(check_json(*words), indent=2) if as_json else check_text(*words))
    return 0 if result.is_ok else 1


def renew_name(config: Path, name: str) -> int:
    """Get a new certificate now. Returns 0, or 1 with the reason on stderr."""
    found = _found(config)
    if found is None:
        return 1
    loaded, built, store = found
    source = built.certificates.managed.get(name)
    if source is None:
        why = "no route is for it"
        if built.certificates.is_given(name):
            why = "its files are given, and nobody renews them here"
        print(f"porch: {name}: {why}", file=sys.stderr)
        return 1
    said: list[str] = []
    wanted = Wanted.of(loaded, built)
    keeper = Keeper(store, lambda hosts: None, said.append)
    keeper.want({name: source}, wanted.authorities, wanted.served, wanted.by_dns)
    is_new = keeper.renew(name)
    print("\n".join(said) or f"{name} has a new certificate", file=None if is_new else sys.stderr)
    if is_new:
        with contextlib.suppress(NotRunning, OSError):
            ask(config, "certificates")  # it would see it within a minute
    return 0 if is_new else 1


def _found(config: Path) -> tuple[Loaded, Built, FileStore] | None:
    loaded = loaded_of(config)
    if loaded is None:
        return None
    built = build(loaded, State())
    if built is None:
        print(loaded.report(), file=sys.stderr)
        return None
    store = open_store(loaded)
    return (loaded, built, store) if store is not None else None


def _is_running(config: Path) -> bool:
    try:
        ask(config, "status")
    except (NotRunning, OSError):
        return False
    return True
