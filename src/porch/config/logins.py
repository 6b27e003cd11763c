"""The words of `auth.oidc` as parties, and the paths of hosts where logins come back and end."""

import secrets
from collections.abc import Callable, Iterator
from hashlib import blake2b, sha256

from porch.config.auth_state import AuthState
from porch.config.loaded import Loaded
from porch.config.schema import RouteWords
from porch.config.schema_oidc import ALGORITHMS, CALLBACK, LOGOUT, SCOPES, OidcModel
from porch.filter import Filter
from porch.route.scheme import Trusts
from porch.shield.auth import Judge
from porch.shield.oidc import Oidc
from porch.shield.oidc_callback import Callback, Logout
from porch.shield.oidc_grants import ClientRules, Grants
from porch.shield.oidc_party import Party, PartyRules, Sealers
from porch.shield.oidc_token import IdTerms
from porch.tls.origin import Authorities

__all__ = ["Logins"]

HOLDS, LIFETIME, LEEWAY, TIMEOUT = 300.0, 43200.0, 30.0, 5.0


class Logins:
    """Of one configuration that has any. Routes with the same words share a login. needs_key:
    whether cookies are sealed with the door's own key. trusts: see client_scheme."""

    def __init__(self, loaded: Loaded, auth: AuthState, trusts: Trusts = None) -> None:
        self.needs_key = False
        self._trusts = trusts
        self._loaded = loaded
        self._auth = auth
        self._kept = frozenset(_all_claims(loaded))
        # Who only checks seals nothing.
        self._key = loaded.signing_key or secrets.token_bytes(32)
        self._parties: dict[str, Party] = {}
        self._of_hosts: dict[str, dict[str, Party]] = {}

    def way(
        self,
        words: OidcModel,
        judge: Judge,
        realm: str,
        authorities: Callable[[str | None, str], Authorities],
    ) -> Oidc:
        """authorities: who vouches for a host, by the words of that (`ca`, URL)."""
        party = self._party(words, authorities)
        return Oidc(party, judge, words.name or "sub", realm)

    def come_to(self, host: str, words: OidcModel) -> None:
        """A route of a host has these words, of which a way was made."""
        party = self._parties.get(_name_of(words, self._kept))
        if party is not None:
            self._of_hosts.setdefault(host, {})[party.rules.name] = party

    def paths(self) -> Iterator[tuple[str, str, Filter]]:
        """Host, path, and what answers there."""
        for host, parties in self._of_hosts.items():
            backs: dict[str, dict[str, Party]] = {}
            ends: dict[str, dict[str, Party]] = {}
            for name, party in parties.items():
                backs.setdefault(party.rules.callback, {})[name] = party
                ends.setdefault(party.rules.logout, {})[name] = party
            for path, those in backs.items():
                yield host, path, Callback(those, self._auth.spawn)
            for path, those in ends.items():
                if path not in backs:
                    yield host, path, Logout(those)

    def _party(
        self, words: OidcModel, authorities: Callable[[str | None, str], Authorities]
    ) -> Party:
        name = _name_of(words, self._kept)
        if words.cookie_secret is None:
            self.needs_key = True
        found = self._parties.get(name)
        if found is not None:
            return found
        secret = words.cookie_secret
        key = self._key if secret is None else sha256(secret.encode()).digest()
        discovery = self._auth.discovery(words.issuer, authorities(words.ca, words.issuer))
        grants = Grants(discovery, _client_rules(words), self._auth.warn)
        rules = _party_rules(words, name, self._kept, self._trusts)
        party = Party(
            rules, discovery, grants, Sealers(key, name), self._auth.spawn, self._auth.ended
        )
        self._parties[name] = party
        return party


def _name_of(words: OidcModel, kept: frozenset[str]) -> str:
    """The same for the same words, over restarts too."""
    digest = blake2b(digest_size=5)
    for each in (words.model_dump_json(exclude={"cookie_secret", "ca"}), *sorted(kept)):
        digest.update(each.encode() + b"\0")
    return digest.hexdigest()


def _party_rules(words: OidcModel, name: str, kept: frozenset[str], trusts: Trusts) -> PartyRules:
    return PartyRules(
        name=name,
        issuer=words.issuer,
        client_id=words.client_id,
        scopes=tuple(words.scopes or SCOPES),
        kept=kept | {words.name or "sub"},
        groups=words.groups or "groups",
        holds=words.renew or HOLDS,
        lifetime=words.lifetime or LIFETIME,
        https=bool(words.https),
        trusts=trusts,
        callback=words.callback or CALLBACK,
        logout=words.logout or LOGOUT,
        after_logout=words.after_logout or "",
        more=dict(words.parameters),
    )


def _client_rules(words: OidcModel) -> ClientRules:
    terms = IdTerms(
        issuer=words.issuer,
        client_id=words.client_id,
        algorithms=frozenset(words.algorithms or ALGORITHMS),
        leeway=LEEWAY if words.leeway is None else words.leeway,
    )
    return ClientRules(
        terms=terms,
        secret=words.client_secret or "",
        post=None if words.client_auth is None else words.client_auth == "post",
        userinfo=bool(words.userinfo),
        timeout=words.timeout or TIMEOUT,
    )


def _all_words(loaded: Loaded) -> list[RouteWords]:
    layers: list[RouteWords] = [loaded.config, *loaded.sites.values()]
    return [*layers, *(entry.model for entry in loaded.routes)]


def _all_claims(loaded: Loaded) -> Iterator[str]:
    """All claims that any route asks for or tells, so that one session does for all."""
    for words in _all_words(loaded):
        if words.auth:
            yield from words.auth.require
            yield from words.auth.fields.values()
