"""By which challenges a name is proved, and the proof of one."""

import sys
import threading
from collections.abc import Callable

import pytest
from acme import challenges, messages
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.jwk import JWK, JWKEC

from porch import clock
from porch.certs import means as module
from porch.certs.answers import LIFE, Answers
from porch.certs.dns import Propagation
from porch.certs.failure import IssueError
from porch.certs.means import Means, Proof
from tests.support.store import MemoryStore

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
ACCOUNT = "https://ca.example/acct/1"


class Provider:
    """Keeps what it is told. fails: raised by both."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.records: list[tuple[str, str]] = []
        self.fails = fails

    def present(self, name: str, value: str) -> None:
        if self.fails:
            raise self.fails
        self.records.append((name, value))

    def cleanup(self, name: str, value: str) -> None:
        if self.fails:
            raise self.fails
        self.records.remove((name, value))


class Elsewhere(Propagation):
    """A zone that the record is in by an alias. waited: what for."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[tuple[str, str]] = []

    def target(self, name: str) -> str:
        return "elsewhere.example"

    def wait(self, name: str, value: str, alive: Callable[[], None] = lambda: None) -> None:
        self.waited.append((name, value))


@pytest.fixture
def key() -> JWK:
    return JWKEC(key=ec.generate_private_key(ec.SECP256R1()))


def proof(kind: str, means: Means, key: JWK, name: str = "shop.example") -> Proof:
    said = {"type": kind, "url": "https://ca.example/1", "token": TOKEN}
    return Proof(name, messages.ChallengeBody.from_json(said), means, key, ACCOUNT)


def means(store: MemoryStore, **more: object) -> Means:
    return Means(answers=Answers(store), **more)  # type: ignore[arg-type]


def test_each_kind_of_name_has_its_kinds(store: MemoryStore) -> None:
    all_of_it = means(store, dns=Provider(), persist=True)
    assert all_of_it.kinds("a.example") == ("tls-alpn-01", "http-01", "dns-persist-01", "dns-01")
    assert all_of_it.kinds("*.a.example") == ("dns-persist-01", "dns-01")
    assert all_of_it.kinds("192.0.2.7") == ("tls-alpn-01", "http-01")
    assert means(store, served=("http-01",)).kinds("a.example") == ("http-01",)


@pytest.mark.parametrize(
    ("name", "served", "advice"),
    [
        ("*.a.example", ("http-01",), r"takes a DNS provider: name one \(dns\)"),
        ("a.example", (), "listen at port 80 or 443"),
        ("192.0.2.7", (), "listen at port 80 or 443"),
    ],
)
def test_a_name_that_nothing_can_prove_is_told_at_once(
    store: MemoryStore, name: str, served: tuple[str, ...], advice: str
) -> None:
    with pytest.raises(IssueError, match=advice) as caught:
        means(store, served=served).check(["ok.example"] * bool(served) + [name])
    assert caught.value.name == name
    assert not caught.value.another


def test_http_is_answered_until_it_is_hidden(store: MemoryStore, key: JWK) -> None:
    one = proof("http-01", means(store), key)
    one.show()
    one.wait(lambda: None)
    answer = Answers(store).http_answer(TOKEN)
    assert answer is not None
    assert answer.startswith(f"{TOKEN}.".encode())
    assert one.response().json_dumps() == "{}"
    assert one.hide() == ""
    assert one.hide() == ""
    assert Answers(store).http_answer(TOKEN) is None


def test_a_certificate_is_shown_until_it_is_hidden(store: MemoryStore, key: JWK) -> None:
    one = proof("tls-alpn-01", means(store), key)
    one.show()
    assert Answers(store).alpn_answer("shop.example") is not None
    one.hide()
    assert Answers(store).alpn_answer("shop.example") is None


def test_a_record_is_written_at_the_name_without_its_star(store: MemoryStore, key: JWK) -> None:
    provider = Provider()
    one = proof("dns-01", means(store, dns=provider), key, "*.shop.example")
    one.show()
    one.wait(lambda: None)
    challenge = one.challenge.chall
    assert isinstance(challenge, challenges.DNS01)
    assert provider.records == [("_acme-challenge.shop.example", challenge.validation(key))]
    one.hide()
    assert provider.records == []


def test_a_record_is_written_where_an_alias_leads_and_waited_for(
    store: MemoryStore, key: JWK
) -> None:
    provider, elsewhere = Provider(), Elsewhere()
    one = proof("dns-01", means(store, dns=provider, propagation=elsewhere), key)
    one.show()
    one.wait(lambda: None)
    assert [name for name, _ in provider.records] == ["elsewhere.example"]
    assert elsewhere.waited == provider.records


def test_a_provider_that_fails_is_named_with_its_words(store: MemoryStore, key: JWK) -> None:
    provider = Provider(RuntimeError("403 bad token"))
    with pytest.raises(
        IssueError, match=r"Provider could not write .* \(403 bad token\)"
    ) as caught:
        proof("dns-01", means(store, dns=provider), key).show()
    assert caught.value.kind == "dns"


def test_what_a_provider_says_itself_is_passed_on(store: MemoryStore, key: JWK) -> None:
    provider = Provider(IssueError("dns", "exactly this"))
    with pytest.raises(IssueError, match="exactly this"):
        proof("dns-01", means(store, dns=provider), key).show()


def test_a_record_that_stays_behind_is_a_remark(store: MemoryStore, key: JWK) -> None:
    provider = Provider()
    one = proof("dns-01", means(store, dns=provider), key)
    one.show()
    provider.fails = RuntimeError("timeout")
    assert one.hide() == "a TXT record of shop.example was left behind: timeout"


def test_a_record_of_one_that_was_killed_is_removed_by_the_next(
    store: MemoryStore, key: JWK, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Provider()
    proof("dns-01", means(store, dns=provider), key).show()  # and never hidden
    left = list(provider.records)
    other = JWKEC(key=ec.generate_private_key(ec.SECP256R1()))
    present = clock.wall()
    young = proof("dns-01", means(store, dns=provider), other)
    young.show()
    assert set(left) < set(provider.records)  # it may be of another order that is not over
    young.hide()
    monkeypatch.setattr(clock, "wall", lambda: present + 2 * LIFE.total_seconds())
    late = proof("dns-01", means(store, dns=provider), other)
    late.show()
    assert not set(left) & set(provider.records)
    late.hide()
    assert (provider.records, store.names("records/")) == ([], [])


def test_a_record_that_is_always_there_takes_only_a_word(store: MemoryStore, key: JWK) -> None:
    said = {"type": "dns-persist-01", "url": "https://ca.example/1", "issuer-domain-names": ["ca"]}
    body = messages.ChallengeBody.from_json(said)
    one = Proof("shop.example", body, means(store, persist=True), key, ACCOUNT)
    one.show()
    assert store.contents == {}
    assert one.response().json_dumps() == "{}"
    assert one.wanted == (f'_validation-persist.shop.example TXT "ca; accounturi={ACCOUNT}"')
    wild = Proof("*.shop.example", body, means(store, persist=True), key, ACCOUNT)
    assert wild.wanted.endswith('; policy=wildcard"')
    assert proof("http-01", means(store), key).wanted == ""


def test_a_provider_that_could_not_be_had_is_why_a_wildcard_cannot_be_proved(
    store: MemoryStore,
) -> None:
    without = means(store, dns_trouble="py:own:Made cannot be loaded: ImportError: no requests")
    without.check(["shop.example"])
    with pytest.raises(IssueError) as caught:
        without.check(["*.shop.example"])
    assert str(caught.value) == (
        "nothing here can prove to a CA that *.shop.example is ours: py:own:Made cannot be "
        "loaded: ImportError: no requests"
    )


def test_a_provider_that_would_end_the_program_has_failed(store: MemoryStore, key: JWK) -> None:
    class Ending(Provider):
        def present(self, name: str, value: str) -> None:
            sys.exit("no credentials")

    with pytest.raises(IssueError, match=r"Ending could not write .*\(SystemExit: no credentials"):
        proof("dns-01", means(store, dns=Ending()), key).show()


def test_a_provider_that_hangs_is_not_waited_for(
    store: MemoryStore, key: JWK, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    goes_on = threading.Event()

    class Hanging(Provider):
        def present(self, name: str, value: str) -> None:
            goes_on.wait(20)

    removed: list[str] = []

    def cleanup(_: Provider, name: str, __: str) -> None:
        removed.append(name)

    monkeypatch.setattr(Provider, "cleanup", cleanup)
    try:
        one = proof("dns-01", means(store, dns=Hanging()), key)
        with pytest.raises(IssueError, match="has not come back within 0 s"):
            one.show()
        assert one.hide() == ""
        assert removed == []  # it would take as long; a later run does it
        assert store.names("records/") != []
    finally:
        goes_on.set()
