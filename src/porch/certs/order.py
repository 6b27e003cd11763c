"""Order: one certificate for a set of names from one authority (RFC 8555 7.4).

What is begun is kept in the store, so that an end at any moment costs nothing: the next run goes
on with the same order, and fetches a certificate that was made meanwhile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import requests
from acme import errors, messages
from cryptography import x509
from josepy.json_util import field

from porch.certs import chain as chains
from porch.certs import moments
from porch.certs.begun import Begun, place
from porch.certs.failure import IssueError, explain
from porch.certs.identifiers import canonical, is_address
from porch.certs.keys import make_csr, make_key
from porch.certs.means import Means
from porch.certs.needs import Store
from porch.certs.network import Conversation
from porch.certs.pause import Pause
from porch.certs.proving import Proving, Refused

__all__ = ["Issued", "Order"]

ATTEMPTS = 4
"""To prove all names: one for each kind of challenge, and one of an earlier run."""

_MENDED = {"dns", "connection", "unauthorized"}
"""Failures that another kind of challenge may not have."""
_ELSEWHERE = {"network", "busy", "rate_limited"}
"""Failures that a new order would have too."""


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
        self._proving = Proving(conversation, means, store, alive)

    def obtain(self) -> Issued:
        """Get it. Raises IssueError; what is raised by `alive` passes."""
        self._means.check(self._names)
        self._check_profile()
        last = IssueError("network", "the order came to no end: it is tried again by itself")
        begun = self._resumed()
        is_old = begun is not None
        for attempt in range(ATTEMPTS):
            begun = begun or self._begin()
            try:
                issued = self._completed(*begun)
                if not is_old or chains.is_fresh(issued.chain):
                    return issued
            except Refused as refused:
                # An old one may be refused because nobody answered when the authority looked.
                if not (is_old and refused.was_looked_at):
                    self._proving.rule_out(refused.proof)
                    if attempt == ATTEMPTS - 1 or not self._is_mendable(refused):
                        if refused.was_looked_at:
                            self.forget()
                        raise refused.error from refused
                if not refused.was_looked_at:
                    continue
            except IssueError as error:
                last = error
                # An old one may be over since, which says nothing of the names.
                if not is_old or error.kind in _ELSEWHERE:
                    raise
            self.forget()
            begun, is_old = None, False
        raise last

    def forget(self) -> None:
        """The certificate is in its place, or never comes: what was begun is over."""
        self._store.delete(place(self._names, self._authority.label))

    def _is_mendable(self, refused: Refused) -> bool:
        return refused.error.kind in _MENDED and bool(self._proving.untried(refused.proof.name))

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

    def _begin(self) -> tuple[Begun, messages.Order]:
        key = make_key(self._authority.key_type)
        with self._conversation.speaking():
            answer = self._ordered()
            body = messages.Order.from_json(answer.json())
            uri = str(answer.headers["Location"])
        begun = Begun(uri, self._names, key, self._authority.profile, moments.now())
        begun.keep(self._store, self._authority.label)
        return begun, body

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

    def _resumed(self) -> tuple[Begun, messages.Order] | None:
        """What an earlier run began for the same, if the authority has it still."""
        label, profile = self._authority.label, self._authority.profile
        begun = Begun.kept(self._store, label, self._names, profile)
        if begun is None:
            return None
        try:
            with self._conversation.speaking():
                body = self._look(begun.uri)
        except IssueError as error:
            if error.kind not in ("account", "malformed") and error.code != "status 404":
                raise
            return None  # it has gone, or was another account's
        return (begun, body) if body.status != messages.STATUS_INVALID else None

    def _completed(self, begun: Begun, order: messages.Order) -> Issued:
        self._proving.prove(order)
        chain = self._signed(begun)
        with self._conversation.speaking():
            try:
                chains.check(chain, begun.key, self._names)
            except ValueError:
                self.forget()
                raise
        remarks = tuple(self._proving.remarks)
        return Issued(self._names, chain, begun.key, self._authority.directory, remarks)

    def _signed(self, begun: Begun) -> bytes:
        """The chain, when the authority has made it."""
        pause = Pause(self._conversation, self._alive, "sign the certificate")
        request = _request(begun.key, self._names)
        is_asked = False
        while True:
            with self._conversation.speaking():
                body = self._look(begun.uri)
                if body.status == messages.STATUS_READY and not is_asked:
                    self._conversation.say(body.finalize, request)
                    is_asked = True
                    continue
                if body.status == messages.STATUS_INVALID:
                    self.forget()
                    raise body.error or errors.Error("the order became invalid")
                if body.status == messages.STATUS_VALID and body.certificate:
                    return self._download(body.certificate)
            pause.wait()

    def _download(self, url: str) -> bytes:
        """The chain, or the one of those offered that ends in the liked issuer (RFC 8555 7.4.2)."""
        answer = self._conversation.say(url, None)
        if not self._authority.issuer or self._authority.issuer in chains.issuers(answer.content):
            return answer.content
        for link in requests.utils.parse_header_links(answer.headers.get("Link", "")):
            if link.get("rel") == "alternate":
                other = self._conversation.say(link["url"], None).content
                if self._authority.issuer in chains.issuers(other):
                    return other
        return answer.content

    def _look(self, uri: str) -> messages.Order:
        found: messages.Order = messages.Order.from_json(self._conversation.say(uri, None).json())
        return found


def _identifier(name: str) -> messages.Identifier:
    kind = messages.IDENTIFIER_IP if is_address(name) else messages.IDENTIFIER_FQDN
    return messages.Identifier(typ=kind, value=name)


def _request(key: bytes, names: Sequence[str]) -> messages.CertificateRequest:
    return messages.CertificateRequest(csr=x509.load_pem_x509_csr(make_csr(key, names)))
