"""Means: by which challenges we can prove that a name is ours, and the proof of one.

A proof is shown before the authority is told to look, and taken away after, whatever came of it.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from acme import challenges, messages
from josepy.jwk import JWK

from porch.certs.answers import Answers
from porch.certs.challenges import PERSIST_LABEL, TLSALPN01, DNSPersist01
from porch.certs.dns import Propagation, Provider
from porch.certs.failure import IssueError, plain
from porch.certs.identifiers import is_address
from porch.certs.patience import within

__all__ = ["PATIENCE", "Means", "Proof"]

PATIENCE = 180.0
"""Seconds that a provider has to write or remove a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What this door can show.

    answers: where they are shown from. served: kinds that it serves from there, the liked first:
    "http-01" needs port 80, "tls-alpn-01" port 443. dns: who writes TXT records; None for nobody.
    propagation: how to see that they are published; None to trust the provider. persist: the
    operator keeps records for dns-persist-01. dns_trouble: why there is no
    `dns` where one was named.
    """

    answers: Answers
    served: Sequence[str] = ("tls-alpn-01", "http-01")
    dns: Provider | None = None
    propagation: Propagation | None = None
    persist: bool = False
    dns_trouble: str = ""

    def kinds(self, name: str) -> tuple[str, ...]:
        """Kinds of challenge for `name`, the liked first. Only DNS proves a wildcard (RFC 8555
        8.3, RFC 8737 3), and only a connection an address (RFC 8738 7)."""
        by_dns = ("dns-persist-01",) * self.persist + ("dns-01",) * (self.dns is not None)
        if name.startswith("*."):
            return by_dns
        if is_address(name):
            return tuple(self.served)
        return (*self.served, *by_dns)

    def check(self, names: Sequence[str]) -> None:
        """Raise IssueError if nothing can prove one of them, before the authority is bothered."""
        for name in names:
            if self.kinds(name):
                continue
            if self.dns_trouble:
                advice = self.dns_trouble
            elif name.startswith("*."):
                advice = "a certificate for all names below it takes a DNS provider: name one (dns)"
            else:
                advice = "listen at port 80 or 443, or name a DNS provider (dns)"
            raise IssueError(
                "unauthorized",
                f"nothing here can prove to a CA that {name} is ours: {advice}",
                name=name,
                another=False,
            )


class Proof:
    """One challenge of one name. kind: as "http-01". name: with the "*." of a wildcard."""

    def __init__(
        self, name: str, challenge: messages.ChallengeBody, means: Means, key: JWK, account: str
    ) -> None:
        self.name = name
        self.challenge = challenge
        self.kind = str(challenge.chall.typ)
        self._means = means
        self._key = key
        self._account = account
        self._undo: Callable[[], object] | None = None
        self._record: tuple[str, str] | None = None

    def show(self) -> None:
        """Raises IssueError if it cannot be shown."""
        challenge, answers = self.challenge.chall, self._means.answers
        if isinstance(challenge, challenges.HTTP01):
            token = challenge.encode("token")
            self._undo = lambda: answers.cleanup_http(token)
            answers.present_http(token, challenge.validation(self._key))
        elif isinstance(challenge, TLSALPN01):
            self._undo = lambda: answers.cleanup_alpn(self.name)
            answers.present_alpn(self.name, *challenge.validation(self._key, name=self.name))
        elif isinstance(challenge, challenges.DNS01):
            self._write_record(challenge)

    def _write_record(self, challenge: challenges.DNS01) -> None:
        provider, propagation = self._means.dns, self._means.propagation
        assert provider is not None
        record = challenge.validation_domain_name(self.name.removeprefix("*."))
        if propagation is not None:
            record = propagation.target(record)
        value = challenge.validation(self._key)
        self._remove_left(provider)
        self._means.answers.keep_record(self.name, record, value)
        self._undo = lambda: self._remove(provider, record, value)
        try:
            with _by(provider, self.name):
                within(PATIENCE, lambda: provider.present(record, value))
        except IssueError as error:
            if isinstance(error.__cause__, TimeoutError):
                self._undo = None  # it would take as long again; a later run removes it
            raise
        self._record = record, value

    def _remove(self, provider: Provider, record: str, value: str) -> None:
        within(PATIENCE, lambda: provider.cleanup(record, value))
        self._means.answers.forget_record(self.name, value)

    def _remove_left(self, provider: Provider) -> None:
        """Records of earlier runs. It harms nobody if they stay."""
        for record, value in self._means.answers.left_records(self.name):
            with contextlib.suppress(Exception):
                self._remove(provider, record, value)

    def wait(self, alive: Callable[[], None]) -> None:
        """Until an authority can see it. Raises IssueError."""
        if self._record is not None and self._means.propagation is not None:
            self._means.propagation.wait(*self._record, alive)

    def hide(self) -> str:
        """Show it no more. What went wrong with that, in words; it harms nobody."""
        undo, self._undo = self._undo, None
        try:
            if undo is not None:
                undo()
        except Exception as error:  # a provider's
            return f"a TXT record of {self.name} was left behind: {plain(error)}"
        return ""

    @property
    def wanted(self) -> str:
        """The record that an operator has to add by hand; "" if there is none."""
        challenge = self.challenge.chall
        if not isinstance(challenge, DNSPersist01):
            return ""
        record = challenge.record(self._account, wildcard=self.name.startswith("*."))
        return f'{PERSIST_LABEL}.{self.name.removeprefix("*.")} TXT "{record}"'

    def response(self) -> challenges.ChallengeResponse:
        """What tells the authority to look."""
        challenge = self.challenge.chall
        if isinstance(challenge, DNSPersist01):
            return challenges.ChallengeResponse.TYPES[challenge.typ]()
        response: challenges.ChallengeResponse = challenge.response(self._key)
        return response


@contextlib.contextmanager
def _by(provider: Provider, name: str) -> Iterator[None]:
    try:
        yield
    except IssueError:
        raise
    except Exception as error:  # another's code
        raise IssueError(
            "dns",
            f"the DNS provider {type(provider).__name__} could not write the record of {name} "
            f"({plain(error) or type(error).__name__}): see its settings and its own service",
            name=name,
        ) from error
