"""That names are ours: which challenge, in which order, and what is remembered of it."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from acme import messages
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.jwk import JWKEC

from porch.certs.answers import Answers
from porch.certs.authority import Authority
from porch.certs.failure import IssueError
from porch.certs.means import Means
from porch.certs.proving import Proving, Refused
from tests.support.store import MemoryStore

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
ALL = ("http-01", "tls-alpn-01", "dns-01")
PROBLEM = {"type": "urn:ietf:params:acme:error:connection", "detail": "refused"}


class Conversation:
    """An authority with one name. outcome: of a challenge that is answered. shown: what lay in the
    store at that moment."""

    authority = Authority(directory="https://ca.example/dir")

    def __init__(self, store: MemoryStore) -> None:
        key = JWKEC(key=ec.generate_private_key(ec.SECP256R1()))
        account = SimpleNamespace(uri="https://ca.example/acct/1")
        self.net = SimpleNamespace(key=key, account=account, retry_after=None)
        self.client = self
        self.store = store
        self.offered: tuple[str, ...] = ALL
        self.status = {kind: "pending" for kind in ALL}
        self.outcome = "valid"
        self.wildcard = False
        self.answered: list[str] = []
        self.shown: list[str] = []

    def say(self, url: str, message: None) -> SimpleNamespace:
        over = {self.outcome} & set(self.status.values())
        said = {
            "identifier": {"type": "dns", "value": "shop.example"},
            "status": over.pop() if over else "pending",
            "wildcard": self.wildcard,
            "challenges": [
                {"type": kind, "url": f"https://ca.example/{kind}", "token": TOKEN}
                | {"status": self.status[kind]}
                | ({"error": PROBLEM} if self.status[kind] == "invalid" else {})
                for kind in self.offered
            ]
            + [{"type": "of-the-future-01", "url": "https://ca.example/f"}],
        }
        return SimpleNamespace(json=lambda: said)

    def answer_challenge(self, challenge: messages.ChallengeBody, _: object) -> None:
        self.answered.append(challenge.chall.typ)
        self.shown += self.store.names("answers/")
        self.status[challenge.chall.typ] = self.outcome

    @contextlib.contextmanager
    def speaking(self, *_: str) -> Iterator[None]:
        yield


ORDER = messages.Order.from_json({"status": "pending", "authorizations": ["https://ca.example/a"]})


@pytest.fixture
def authority(store: MemoryStore) -> Conversation:  # type: ignore[override]
    return Conversation(store)


def proving(authority: Conversation, **more: object) -> Proving:
    means = Means(answers=Answers(authority.store), **more)  # type: ignore[arg-type]
    return Proving(authority, means, authority.store, lambda: None)  # type: ignore[arg-type]


def test_the_liked_kind_is_shown_answered_and_hidden(authority: Conversation) -> None:
    proving(authority).prove(ORDER)
    assert authority.answered == ["tls-alpn-01"]
    assert authority.shown == ["answers/alpn/shop.example"]
    assert authority.store.names("answers/") == []


def test_a_kind_that_the_authority_does_not_offer_is_left(authority: Conversation) -> None:
    authority.offered = ("http-01",)
    proving(authority).prove(ORDER)
    assert authority.answered == ["http-01"]


def test_what_is_proved_already_is_not_proved_again(authority: Conversation) -> None:
    authority.status["http-01"] = "valid"
    proving(authority).prove(ORDER)
    assert authority.answered == []
    ready = ORDER.update(status=messages.STATUS_READY)
    proving(authority).prove(ready)


def test_a_name_that_nothing_here_proves_is_told_with_what_is_wanted(
    authority: Conversation,
) -> None:
    authority.offered = ("dns-01",)
    with pytest.raises(
        IssueError, match=r"wants shop\.example proved by dns-01, and here"
    ) as caught:
        proving(authority).prove(ORDER)
    assert caught.value.another


def test_a_refusal_says_by_what_and_why_and_hides_what_was_shown(authority: Conversation) -> None:
    authority.outcome = "invalid"
    with pytest.raises(Refused) as caught:
        proving(authority).prove(ORDER)
    assert caught.value.was_looked_at
    assert caught.value.proof.kind == "tls-alpn-01"
    assert "shop.example port 443 (refused)" in str(caught.value.error)
    assert authority.store.names("answers/") == []


def test_what_was_ruled_out_is_not_tried_and_what_worked_is_remembered(
    authority: Conversation,
) -> None:
    one = proving(authority)
    authority.outcome = "invalid"
    with pytest.raises(Refused) as caught:
        one.prove(ORDER)
    one.rule_out(caught.value.proof)
    assert one.untried("shop.example") == ["http-01"]
    authority.outcome, authority.status = "valid", {kind: "pending" for kind in ALL}
    one.prove(ORDER)
    assert authority.answered == ["tls-alpn-01", "http-01"]
    assert proving(authority).untried("shop.example") == ["http-01", "tls-alpn-01"]


def test_what_is_remembered_is_forgotten_when_the_liked_kind_works(
    authority: Conversation,
) -> None:
    authority.store.write("proved/shop.example.json", b'{"kind": "dns-01"}')
    proving(authority).prove(ORDER)
    assert authority.store.names("proved/") == []


def test_what_an_earlier_run_has_answered_is_shown_and_awaited(authority: Conversation) -> None:
    authority.status["http-01"] = "processing"
    one = proving(authority)

    def alive() -> None:
        if authority.store.names("answers/http/"):
            authority.status["http-01"] = "valid"

    one._alive = alive
    one.prove(ORDER)
    assert authority.answered == []


def test_a_failure_of_ours_leaves_the_order_as_it_is(authority: Conversation) -> None:
    class Broken:
        def present(self, name: str, value: str) -> None:
            raise RuntimeError("no token")

        cleanup = present

    authority.wildcard = True
    with pytest.raises(Refused) as caught:
        proving(authority, dns=Broken()).prove(ORDER)
    assert not caught.value.was_looked_at
    assert caught.value.proof.name == "*.shop.example"
    assert authority.answered == []


def test_a_lost_lock_is_no_refusal(
    authority: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise IssueError("busy", "lost")

    monkeypatch.setattr(Answers, "present_alpn", lost)
    with pytest.raises(IssueError, match="lost"):
        proving(authority).prove(ORDER)


def test_a_refusal_without_a_reason_is_told_as_that(authority: Conversation) -> None:
    authority.outcome = "deactivated"
    with pytest.raises(Refused, match="does not say why"):
        proving(authority).prove(ORDER)
