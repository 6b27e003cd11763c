"""`porch certs`: how the certificate of each host is, what stands in the way of one, and a new one
now. It looks into the store itself, so that it works beside a door that does not run."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import dns.resolver

from porch import clock
from porch.certs import moments
from porch.certs.account import record_name
from porch.certs.addresses import own_addresses
from porch.certs.answers import Answers
from porch.certs.authority import PRESETS, Authority
from porch.certs.files import StoreError
from porch.certs.keeper import Keeper
from porch.certs.local_ca import damage
from porch.certs.notes import read_note
from porch.certs.preflight import Method, make_token, preflight
from porch.certs.preflight import Wanted as ToCheck
from porch.certs.remembered import history, limited_until
from porch.certs.report import certs_json, certs_text, check_json, check_text
from porch.certs.states import demanded, states, unvouched
from porch.certs.store import FileStore, Store
from porch.cli.store import loaded_of, open_store
from porch.config.build import Built, build
from porch.config.loaded import Loaded
from porch.config.state import State
from porch.manage.certs.managed import Managed
from porch.manage.certs.unmanaged import Hosts, normal
from porch.manage.control.client import PATIENCE, NotRunning, ask

__all__ = ["check_name", "renew_name", "show_certs"]

RENEWAL = 900.0
"""Seconds that a door that runs is given to get one."""
IDENTITIES = {
    "letsencrypt": ("letsencrypt.org",),
    "letsencrypt-staging": ("letsencrypt.org",),
    "zerossl": ("sectigo.com", "zerossl.com"),
    "google": ("pki.goog",),
    "buypass": ("buypass.com",),
}
"""What CAA records call an authority (RFC 8659 4.2), as each documents it."""

PUBLIC = frozenset(each.directory for each in PRESETS.values())
"""Of others nobody here knows whom they serve."""

LIMITED = PRESETS["letsencrypt"].directory
"""Whose limits are known (rates.py)."""


def show_certs(config: Path, *, as_json: bool) -> int:
    """Print a line a host. Returns 0, or 1 with the reason on stderr, which may be a store in which
    nothing can be kept, or that others may read."""
    found = _built(config)
    if found is None:
        return 1
    loaded, built = found
    certificates = built.certificates
    store = open_store(loaded) if certificates.gets else None  # files alone need none
    if certificates.gets and store is None:
        return 1
    asked = [each.directory for each in Managed.of(loaded, built).authorities]
    all_of_them = [*states(store, certificates.managed, certificates.presented.by_host, asked)]
    if store is not None and certificates.covered is not None:
        try:
            all_of_them += demanded(store, certificates.covered, asked)
        except StoreError as error:
            print(f"porch: {error}", file=sys.stderr)
            return 1
    now = clock.wall()
    if as_json:
        print(json.dumps(certs_json(all_of_them, now), indent=2))
    else:
        print(certs_text(all_of_them, now))
    troubles = [*_troubles(store)] if store is not None else []
    for text in troubles:
        print(f"porch: {text}", file=sys.stderr)
    return 1 if troubles else 0


def _troubles(store: FileStore) -> Iterator[str]:
    """What is wrong with the store, whatever host it is about."""
    try:
        store.check_room()
    except StoreError as error:
        yield f"nothing can be kept: {error}"
    try:
        if found := store.loose():
            yield found
    except StoreError as error:
        yield str(error)


def check_name(
    config: Path,
    name: str,
    *,
    as_json: bool,
    ports: tuple[int, int] = (80, 443),
    resolver: dns.resolver.Resolver | None = None,
) -> int:
    """Look at all that can be seen before an order. Returns 0, or 1 if something is in the way.

    ports: where the authority comes to, whatever leads from there to the door (RFC 8555 8.3, RFC
    8737 3). resolver: the one of this machine if left out.
    """
    found = _found(config)
    if found is None:
        return 1
    loaded, built, store = found
    name = normal(name)
    if built.certificates.managed.get(name) == "local":
        if why := unvouched(name) or damage(store):
            print(f"porch: {why}", file=sys.stderr)
            return 1
        print(f"{name} is certified by the authority of this machine, which needs no check")
        return 0
    managed = Managed.of(loaded, built)
    if not managed.authorities:
        print("porch: acme = false, so that no authority is asked", file=sys.stderr)
        return 1
    authority = managed.authorities[0]
    token = make_token()
    try:
        is_shown = built.certificates.managed.get(name) == "acme" and _is_running(config)
        with _shown(store, token) if is_shown else contextlib.nullcontext():
            result = preflight(
                ToCheck(
                    name=name,
                    own=own_addresses(),
                    method=_method(managed, name),
                    identities=_identities(authority),
                    is_public=authority.directory in PUBLIC,
                    account=str(read_note(store, record_name(authority)).get("uri") or ""),
                    token=token,
                    expected=token.encode() if is_shown else None,
                    history=history(store, name, LIMITED)
                    if authority.directory == LIMITED
                    else None,
                    later=limited_until(store, name, authority.directory, moments.now()),
                    ports=ports,
                ),
                resolver or dns.resolver.Resolver(),
            )
    except dns.resolver.NoResolverConfiguration:
        print("porch: this machine has no name server; see /etc/resolv.conf", file=sys.stderr)
        return 1
    except StoreError as error:
        print(f"porch: {error}", file=sys.stderr)
        return 1
    words = (result.name, result.findings, result.advice)
    print(json.dumps(check_json(*words), indent=2) if as_json else check_text(*words))
    return 0 if result.is_ok else 1


def renew_name(config: Path, name: str) -> int:
    """Get a new certificate now: by the door that runs, or here where none does. Returns 0, or 1
    with the reason on stderr."""
    try:
        words = {"host": name, "wait": RENEWAL}
        answer = ask(config, "renew", words, patience=RENEWAL + PATIENCE)
    except NotRunning:
        return _renew_here(config, name)
    except OSError as error:
        print(f"porch: the door does not answer: {error.strerror or error}", file=sys.stderr)
        return 1
    if "renewed" in answer:
        print(f"{answer['said']}; the door that runs has got it")
        return 0
    late = f"porch: it is not over yet: {answer.get('renewing')}"
    print(answer.get("error") or late, file=sys.stderr)
    return 1


def _renew_here(config: Path, name: str) -> int:
    found = _found(config)
    if found is None:
        return 1
    loaded, built, store = found
    name = normal(name)
    managed = Managed.of(loaded, built)
    own = built.certificates
    hosts = Hosts(loaded, built.listen, own.managed, own.presented.by_host)
    source = hosts.source(name)
    why = hosts.why(name) if source is None else ""
    if source == "acme" and _method(managed, name) != "dns-01":
        # The authority would find nobody, and count the failure.
        why = f"no door runs that would answer the authority; porch run {config} starts one"
    if source is None or why:
        print(f"porch: {name}: {why}", file=sys.stderr)
        return 1
    said: list[str] = []
    keeper = Keeper(store, lambda hosts: None, said.append)
    keeper.want({name: source}, managed.authorities, managed.served, managed.by_dns)
    outcome = keeper.renew(name)
    for text in said:  # what else it has met
        print(f"porch: {text}", file=sys.stderr)
    if outcome.what != "issued":
        print(f"porch: {outcome.sentence}", file=sys.stderr)
        return 1
    print(f"{outcome.sentence}; no door runs: this command has got it")
    return 0


def _method(managed: Managed, name: str) -> Method:
    """How an authority is shown that `name` is ours."""
    if name.startswith("*") and managed.by_dns is not None:
        return "dns-01"
    return "http-01" if "http-01" in managed.served else "tls-alpn-01"


def _identities(authority: Authority) -> tuple[str, ...]:
    known = (
        IDENTITIES[each] for each in IDENTITIES if PRESETS[each].directory == authority.directory
    )
    return next(known, ())


@contextlib.contextmanager
def _shown(store: Store, token: str) -> Iterator[None]:
    """Meanwhile the door that runs answers to `token`. Raises StoreError."""
    answers = Answers(store)
    answers.present_http(token, token)
    try:
        yield
    finally:
        with contextlib.suppress(StoreError):
            answers.cleanup_http(token)


def _found(config: Path) -> tuple[Loaded, Built, FileStore] | None:
    found = _built(config)
    store = open_store(found[0]) if found is not None else None
    return (*found, store) if found is not None and store is not None else None


def _built(config: Path) -> tuple[Loaded, Built] | None:
    loaded = loaded_of(config)
    if loaded is None:
        return None
    built = build(loaded, State())
    if built is None:
        print(loaded.report(), file=sys.stderr)
        return None
    return loaded, built


def _is_running(config: Path) -> bool:
    try:
        ask(config, "status")
    except (NotRunning, OSError):
        return False
    return True
