"""Proving: that the names of one order are ours (RFC 8555 7.5), by a challenge for each."""

from collections.abc import Callable

from acme import messages

from porch.certs.failure import IssueError, explain
from porch.certs.identifiers import canonical, stored
from porch.certs.means import Means, Proof
from porch.certs.needs import Store
from porch.certs.network import Conversation
from porch.certs.notes import read_note, write_note
from porch.certs.pause import Pause

__all__ = ["Proving", "Refused"]


class Refused(Exception):
    """A name could not be proved. proof: by what. error: why. was_looked_at: the authority has
    looked, so that its order is over; else that goes on with another kind of challenge."""

    def __init__(self, proof: Proof, error: IssueError, *, was_looked_at: bool) -> None:
        super().__init__(str(error))
        self.proof = proof
        self.error = error
        self.was_looked_at = was_looked_at


class Proving:
    """Remembers what was tried for each name, and in the store what it took a failure to find."""

    def __init__(
        self, conversation: Conversation, means: Means, store: Store, alive: Callable[[], None]
    ) -> None:
        self._conversation = conversation
        self._means = means
        self._store = store
        self._alive = alive
        self._tried: dict[str, set[str]] = {}
        self.remarks: list[str] = []

    def untried(self, name: str) -> list[str]:
        """Kinds that may prove it, first the one that did the last time."""
        tried = self._tried.get(name, set())
        kinds = [kind for kind in self._means.kinds(name) if kind not in tried]
        proved = read_note(self._store, _place(name)).get("kind")
        return sorted(kinds, key=lambda kind: kind != proved)

    def rule_out(self, proof: Proof) -> None:
        """Not to be tried again by that kind."""
        self._tried.setdefault(proof.name, set()).add(proof.kind)

    def prove(self, order: messages.Order) -> None:
        """Every name of it. Raises Refused, or IssueError."""
        if order.status != messages.STATUS_PENDING:
            return
        proofs = self._chosen(order)
        try:
            for _, proof in proofs:
                self._try(proof, proof.show)
            for _, proof in proofs:
                self._try(proof, lambda proof=proof: proof.wait(self._alive))  # type: ignore[misc]
            for _, proof in proofs:
                if not _is_answered(proof.challenge):
                    self._answer(proof)
            for url, proof in proofs:
                self._await(url, proof)
                self._remember(proof)
        finally:
            self.remarks += filter(None, (proof.hide() for _, proof in proofs))

    def _chosen(self, order: messages.Order) -> list[tuple[str, Proof]]:
        """The URL of each authorization that is not there yet, with the proof for it."""
        with self._conversation.speaking():
            found = [(url, self._look(url)) for url in order.authorizations]
            return [
                (url, self._choose(authorization))
                for url, authorization in found
                if authorization.status == messages.STATUS_PENDING
            ]

    def _choose(self, authorization: messages.Authorization) -> Proof:
        name = canonical(str(authorization.identifier.value))
        name = f"*.{name}" if authorization.wildcard else name
        # What the library does not know has no type.
        offered = {
            each.chall.typ: each
            for each in authorization.challenges
            if isinstance(getattr(each.chall, "typ", None), str)
        }
        kinds = self.untried(name)
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
            f"{self._conversation.authority.host} wants {name} proved by "
            f"{' or '.join(sorted(offered))}, and here there is "
            f"{' and '.join(kinds) or 'nothing left to try'}: open port 80 or 443, or name a DNS "
            "provider (dns)",
            name=name,
            another=True,
        )

    def _try(self, proof: Proof, step: Callable[[], None]) -> None:
        self._alive()
        try:
            step()
        except IssueError as error:
            if error.kind == "busy":  # the order is another's now, who goes on with it
                raise
            was_looked_at = _is_answered(proof.challenge)
            raise Refused(proof, error, was_looked_at=was_looked_at) from error

    def _answer(self, proof: Proof) -> None:
        with self._conversation.speaking(proof.name, proof.kind):
            self._conversation.client.answer_challenge(proof.challenge, proof.response())

    def _await(self, url: str, proof: Proof) -> None:
        """Until the authority has looked. Raises Refused if it was not convinced."""
        pause = Pause(self._conversation, self._alive, f"look at {proof.name}")
        while True:
            with self._conversation.speaking(proof.name, proof.kind):
                found = self._look(url)
            if found.status == messages.STATUS_VALID:
                return
            if found.status not in (messages.STATUS_PENDING, messages.STATUS_PROCESSING):
                raise Refused(proof, _why(found, proof), was_looked_at=True)
            pause.wait()

    def _remember(self, proof: Proof) -> None:
        """A kind that took a failure to find: each failure at an authority counts."""
        place = _place(proof.name)
        if self._tried.get(proof.name):
            write_note(self._store, place, {"kind": proof.kind})
        elif proof.kind == self._means.kinds(proof.name)[0] and read_note(self._store, place):
            self._store.delete(place)

    def _look(self, url: str) -> messages.Authorization:
        answer = self._conversation.say(url, None)
        found: messages.Authorization = messages.Authorization.from_json(answer.json())
        return found


def _place(name: str) -> str:
    return f"proved/{stored(name)}.json"


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
