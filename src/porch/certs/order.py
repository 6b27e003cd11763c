"""Order: one certificate for a set of names from one authority (RFC 8555 7.4).

What is begun is kept in the store, with the key, so that an end at any moment costs nothing: the
next run goes on with the same order, and a certificate that was made meanwhile is fetched.
"""

import ipaddress
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import requests
from acme import crypto_util, errors, messages
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from josepy.json_util import field

from porch import clock
from porch.certs import moments
from porch.certs.authority import KeyType
from porch.certs.challenges import canonical, is_address
from porch.certs.failure import IssueError, explain
from porch.certs.means import Means, Proof
from porch.certs.needs import Store
from porch.certs.network import Conversation

__all__ = ["Issued", "Order", "pending_name"]

PATIENCE = 300.0
"""Seconds that an authority may take to look, and again to sign."""
FIRST, LONGEST = 0.25, 10.0
"""Seconds between two looks at an order, growing."""
BEAT = 1.0
"""Seconds until whoever wants to end it is heard."""
STALE = timedelta(hours=20)
"""An order that is older is begun anew: its authorizations may be over."""
ORDERS = 3
"""Orders that are begun for one certificate: one for each kind of challenge."""

_MENDED = {"dns", "connection", "unauthorized"}
"""Failures that another kind of challenge may not have."""


class NewOrder(messages.NewOrder):
    """With what the library's lacks. replaces: the certificate that goes (RFC 9773 5)."""

    replaces: str | None = field("replaces", omitempty=True)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate. chain, key: PEM. directory: the authority's. remarks: for an operator."""

    names: tuple[str, ...]
    chain: bytes
    key: bytes
    directory: str
    remarks: tuple[str, ...] = ()


class Refused(Exception):
    """A name could not be proved. proof: by what. error: why."""

    def __init__(self, proof: Proof, error: IssueError) -> None:
        super().__init__(str(error))
        self.proof = proof
        self.error = error


def pending_name(names: Sequence[str], label: str) -> str:
    """Where a store keeps the order that was begun, by its first name and its authority."""
    return f"orders/{label}/{stored(names[0])}.json"


def _proved_place(name: str) -> str:
    return f"proved/{stored(name)}"


def stored(name: str) -> str:
    """A host name as part of a name in a store: neither "*" nor ":" is welcome in all of them."""
    return name.lower().replace("*", "_").replace(":", "-")


class Order:
    """One order. names: hosts, "*.host" and addresses. means: to prove them. alive: called often;
    it may raise to end it. replaces: see `renewal.certificate_id`; "" for none."""

    def __init__(
        self,
        conversation: Conversation,
        names: Sequence[str],
        means: Means,
        store: Store,
        *,
        alive: Callable[[], None] = lambda: None,
        replaces: str = "",
    ) -> None:
        self._conversation = conversation
        self._authority = conversation.authority
        self._names = tuple(dict.fromkeys(canonical(name) for name in names))
        self._means = means
        self._store = store
        self._alive = alive
        self._replaces = replaces
        self._pending = pending_name(self._names, self._authority.label)
        self._tried: dict[str, set[str]] = {}
        self._remarks: list[str] = []

    def obtain(self) -> Issued:
        """Get it. Raises IssueError; what is raised by `alive` passes."""
        self._means.check(self._names)
        self._check_profile()
        begun = self._resumed()
        if begun is not None:
            try:
                issued = self._completed(*begun)
                if _is_fresh(issued.chain):
                    return issued
            except Refused:
                pass  # its answers were gone when the authority looked: no fault of the name
            except IssueError as error:
                if error.kind != "malformed":  # what has changed while nobody was there
                    raise
            self._store.delete(self._pending)
        for _ in range(ORDERS):
            try:
                return self._completed(*self._begun())
            except Refused as refused:
                last = refused
                self._store.delete(self._pending)
                self._tried.setdefault(refused.proof.name, set()).add(refused.proof.kind)
                if refused.error.kind not in _MENDED or not self._untried(refused.proof.name):
                    break
        raise last.error from last

    def _completed(self, uri: str, order: messages.Order, key: bytes) -> Issued:
        self._prove(order)
        return self._finish(uri, key)

    def forget(self) -> None:
        """The certificate is in its place: what was begun is over."""
        self._store.delete(self._pending)

    def _untried(self, name: str) -> list[str]:
        """Kinds that may prove it, first the one that did the last time."""
        tried = self._tried.get(name, set())
        kinds = [kind for kind in self._means.kinds(name) if kind not in tried]
        proved = (self._store.read(_proved_place(name)) or b"").decode("ascii", "replace")
        return sorted(kinds, key=lambda kind: kind != proved)

    def _check_profile(self) -> None:
        profile, known = self._authority.profile, self._conversation.profiles
        if profile and profile not in known:
            listed = ", ".join(known) if known else "none at all"
            raise IssueError(
                "malformed",
                f"{self._authority.host} knows no profile '{profile}' (it lists {listed}): set "
                "one of these, or none",
                code="invalidProfile",
                another=True,
            )

    # --- begun, or gone on with --------------------------------------------------------------

    def _begun(self) -> tuple[str, messages.Order, bytes]:
        key = make_key(self._authority.key_type)
        with self._conversation.speaking():
            answer = self._ordered()
            body = messages.Order.from_json(answer.json())
            uri = str(answer.headers["Location"])
        begun = {
            "order": uri,
            "names": self._names,
            "key": key.decode("ascii"),
            "profile": self._authority.profile,
            "made": moments.text(moments.now()),
        }
        self._store.write(self._pending, json.dumps(begun, indent=1).encode())
        return uri, body, key

    def _ordered(self) -> requests.Response:
        identifiers = [_identifier(name) for name in self._names]
        profile = self._authority.profile or None
        url = self._conversation.urls["newOrder"]
        replaces = self._replaces if self._conversation.renewal_info else ""
        if replaces:
            try:
                return self._conversation.say(
                    url, NewOrder(identifiers=identifiers, profile=profile, replaces=replaces)
                )
            except errors.ConflictError:
                pass  # RFC 9773 5: 409, it was replaced already; to us that is no reason
            except messages.Error as problem:
                # An authority that does not know the old one says malformed, or not found.
                if explain(problem).kind != "malformed":
                    raise
        return self._conversation.say(url, NewOrder(identifiers=identifiers, profile=profile))

    def _resumed(self) -> tuple[str, messages.Order, bytes] | None:
        """The order that an earlier run began for the same, if the authority has it still."""
        try:
            begun = json.loads(self._store.read(self._pending) or b"")
            made = moments.parse(begun["made"])
            uri, key = str(begun["order"]), str(begun["key"]).encode("ascii")
            same = (tuple(begun["names"]), begun["profile"]) == (
                self._names,
                self._authority.profile,
            )
        except (ValueError, KeyError, TypeError):
            return None
        if not same or made is None or abs(moments.now() - made) > STALE:
            return None
        try:
            with self._conversation.speaking():
                body = self._look(uri)
        except IssueError as error:
            if error.kind not in ("account", "malformed") and error.code != "status 404":
                raise
            return None  # it has gone, or was another account's
        if body.status == messages.STATUS_INVALID:
            return None
        return uri, body, key

    # --- proved ------------------------------------------------------------------------------

    def _prove(self, order: messages.Order) -> None:
        """Every name of it. Raises Refused, or IssueError."""
        if order.status != messages.STATUS_PENDING:
            return
        proofs: list[tuple[str, Proof]] = []
        with self._conversation.speaking():
            for url in order.authorizations:
                found = self._authorization(url)
                if found.status == messages.STATUS_PENDING:
                    proofs.append((url, self._choose(found)))
        try:
            for _, proof in proofs:
                self._try(proof, proof.show)
            for _, proof in proofs:
                self._try(proof, lambda proof=proof: proof.wait(self._alive))  # type: ignore[misc]
            for _, proof in proofs:
                if _is_answered(proof.challenge):
                    continue
                with self._conversation.speaking(proof.name, proof.kind):
                    self._conversation.client.answer_challenge(proof.challenge, proof.response())
            for url, proof in proofs:
                self._await(url, proof)
                self._remember(proof)
        finally:
            self._remarks += filter(None, (proof.hide() for _, proof in proofs))

    def _remember(self, proof: Proof) -> None:
        """A kind that took a failure to find: each failure at an authority counts."""
        place = _proved_place(proof.name)
        if self._tried.get(proof.name):
            self._store.write(place, proof.kind.encode())
        elif proof.kind == self._means.kinds(proof.name)[0] and self._store.read(place):
            self._store.delete(place)

    def _try(self, proof: Proof, step: Callable[[], None]) -> None:
        self._alive()
        try:
            step()
        except IssueError as error:
            if error.kind == "busy":  # the order is another's now, who goes on with it
                raise
            raise Refused(proof, error) from error

    def _authorization(self, url: str) -> messages.Authorization:
        answer = self._conversation.say(url, None)
        found: messages.Authorization = messages.Authorization.from_json(answer.json())
        return found

    def _choose(self, authorization: messages.Authorization) -> Proof:
        name = str(authorization.identifier.value).lower()
        name = f"*.{name}" if authorization.wildcard else name
        offered = {str(each.chall.typ): each for each in authorization.challenges if _known(each)}
        kinds = self._untried(name)
        # What an earlier run has answered is looked at already: only to be shown, and awaited.
        kinds.sort(key=lambda kind: kind not in offered or not _is_answered(offered[kind]))
        for kind in kinds:
            if kind in offered:
                net = self._conversation.net
                assert net.key is not None
                assert net.account is not None
                return Proof(name, offered[kind], self._means, net.key, str(net.account.uri))
        raise IssueError(
            "unauthorized",
            f"{self._authority.host} wants {name} proved by {' or '.join(sorted(offered))}, and "
            f"here there is {' and '.join(self._untried(name)) or 'nothing left'}: open port 80 "
            "or 443, or name a DNS provider (dns)",
            name=name,
            another=True,
        )

    def _await(self, url: str, proof: Proof) -> None:
        """Until the authority has looked. Raises Refused if it was not convinced."""
        pause = Pause(self._conversation, self._alive, f"look at {proof.name}")
        while True:
            with self._conversation.speaking(proof.name, proof.kind):
                found = self._authorization(url)
            if found.status == messages.STATUS_VALID:
                return
            if found.status not in (messages.STATUS_PENDING, messages.STATUS_PROCESSING):
                raise Refused(proof, _why(found, proof))
            pause.wait()

    # --- finished ----------------------------------------------------------------------------

    def _look(self, uri: str) -> messages.Order:
        found: messages.Order = messages.Order.from_json(self._conversation.say(uri, None).json())
        return found

    def _finish(self, uri: str, key: bytes) -> Issued:
        pause = Pause(self._conversation, self._alive, "sign the certificate")
        request = _request(key, self._names)
        asked = False
        while True:
            with self._conversation.speaking():
                body = self._look(uri)
                if body.status == messages.STATUS_READY and not asked:
                    self._conversation.say(body.finalize, request)
                    asked = True
                    continue
                if body.status == messages.STATUS_INVALID:
                    self._store.delete(self._pending)
                    raise body.error or errors.Error("the order became invalid")
                if body.status == messages.STATUS_VALID and body.certificate:
                    chain = self._download(body.certificate)
                    break
            pause.wait()
        self._check(chain, key)
        return Issued(self._names, chain, key, self._authority.directory, tuple(self._remarks))

    def _download(self, url: str) -> bytes:
        """The chain, or the one of those offered that ends in the liked issuer (RFC 8555 7.4.2)."""
        answer = self._conversation.say(url, None)
        chains = [answer.content]
        if self._authority.issuer:
            links = requests.utils.parse_header_links(answer.headers.get("Link", ""))
            chains += [
                self._conversation.say(link["url"], None).content
                for link in links
                if link.get("rel") == "alternate" and "url" in link
            ]
        for chain in chains:
            if self._authority.issuer in _issuers(chain):
                return chain
        return chains[0]

    def _check(self, chain: bytes, key: bytes) -> None:
        """Raise IssueError unless it is what was asked for."""
        with self._conversation.speaking():
            certificate = x509.load_pem_x509_certificates(chain)[0]
            private = serialization.load_pem_private_key(key, None)
            if certificate.public_key() != private.public_key():
                self._store.delete(self._pending)
                raise ValueError("its certificate is for another key")
            missing = set(self._names) - _names_in(certificate)
            if missing:
                self._store.delete(self._pending)
                raise ValueError(f"its certificate lacks {min(missing)}")


class Pause:
    """Waiting for an authority: longer each time, as long as it says, and not for ever."""

    def __init__(self, conversation: Conversation, alive: Callable[[], None], what: str) -> None:
        self._conversation = conversation
        self._alive = alive
        self._what = what
        self._until = clock.monotonic() + PATIENCE
        self._next = FIRST

    def wait(self) -> None:
        """Once. Raises IssueError when patience is over."""
        if clock.monotonic() > self._until:
            raise IssueError(
                "network",
                f"{self._conversation.authority.host} took more than {PATIENCE:.0f} s to "
                f"{self._what}: it is tried again by itself",
            )
        told = self._conversation.net.retry_after
        said = (told - moments.now()).total_seconds() if told is not None else 0.0
        left = max(self._next, min(said, LONGEST))
        while left > 0:
            self._alive()
            clock.sleep(min(left, BEAT))
            left -= BEAT
        self._next = min(self._next * 1.5, LONGEST)


def make_key(kind: KeyType) -> bytes:
    """A private key for a certificate: PEM, PKCS #8."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind in ("rsa2048", "rsa4096"):
        key = rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))
    else:
        key = ec.generate_private_key(ec.SECP384R1() if kind == "ec384" else ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _identifier(name: str) -> messages.Identifier:
    kind = messages.IDENTIFIER_IP if is_address(name) else messages.IDENTIFIER_FQDN
    return messages.Identifier(typ=kind, value=name)


def _request(key: bytes, names: Sequence[str]) -> messages.CertificateRequest:
    addresses = [ipaddress.ip_address(name) for name in names if is_address(name)]
    pem = crypto_util.make_csr(
        key, [name for name in names if not is_address(name)], ipaddrs=addresses
    )
    return messages.CertificateRequest(csr=x509.load_pem_x509_csr(pem))


def _known(challenge: messages.ChallengeBody) -> bool:
    return isinstance(getattr(challenge.chall, "typ", None), str)


def _is_answered(challenge: messages.ChallengeBody) -> bool:
    return bool(challenge.status == messages.STATUS_PROCESSING)


def _why(authorization: messages.Authorization, proof: Proof) -> IssueError:
    """Why it was not convinced: the error that its challenge has."""
    for challenge in authorization.challenges:
        if challenge.error is not None:
            kind = str(getattr(challenge.chall, "typ", proof.kind))
            return explain(challenge.error, name=proof.name, challenge=kind, record=proof.wanted)
    return IssueError(
        "unauthorized",
        f"the CA did not accept {proof.name} by {proof.kind} and does not say why",
        name=proof.name,
    )


def _names_in(certificate: x509.Certificate) -> set[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = found.get_values_for_type(x509.IPAddress)
    names = (*found.get_values_for_type(x509.DNSName), *(str(each) for each in addresses))
    return {canonical(name) for name in names}


def _is_fresh(chain: bytes) -> bool:
    """Whether one that an earlier run left at the authority is still worth having."""
    certificate = x509.load_pem_x509_certificate(chain)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return moments.now() < begins + (ends - begins) / 3


def _issuers(chain: bytes) -> set[str]:
    """The common names of whoever signed something in it."""
    return {
        str(attribute.value)
        for certificate in x509.load_pem_x509_certificates(chain)
        for attribute in certificate.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    }
