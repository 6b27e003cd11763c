"""Orders at a real authority: pebble, and pebble behind a front that has more."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from porch import clock
from porch.certs import moments
from porch.certs.account import open_account
from porch.certs.answers import Answers
from porch.certs.authority import Authority, KeyType
from porch.certs.begun import place
from porch.certs.failure import IssueError
from porch.certs.keys import make_key
from porch.certs.means import Means
from porch.certs.network import Conversation
from porch.certs.notes import read_note
from porch.certs.order import Issued, Order
from porch.certs.renewal import certificate_id
from tests.support import validated
from tests.support.front import Front
from tests.support.pebble import Pebble, running
from tests.support.store import MemoryStore

Obtain = Callable[..., Issued]


class Zone:
    """pebble's DNS as a provider."""

    def __init__(self, pebble: Pebble) -> None:
        self._pebble = pebble

    def present(self, name: str, value: str) -> None:
        self._pebble.dns("set-txt", host=f"{name}.", value=value)

    def cleanup(self, name: str, value: str) -> None:
        self._pebble.dns("clear-txt", host=f"{name}.")


@pytest.fixture
def by_http(pebble: Pebble, store: MemoryStore) -> Iterator[Means]:
    answers = Answers(store)
    with validated.http(answers, pebble.http_port):
        yield Means(answers=answers, served=("http-01",))


def names_of(issued: Issued) -> set[str]:
    certificate = x509.load_pem_x509_certificate(issued.chain)
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = found.get_values_for_type(x509.IPAddress)
    return {*found.get_values_for_type(x509.DNSName), *(str(each) for each in addresses)}


# --- without an authority --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "made", "size"),
    [
        ("ecdsa", ec.EllipticCurvePrivateKey, 256),
        ("rsa", rsa.RSAPrivateKey, 2048),
    ],
)
def test_a_key_is_of_the_kind_that_is_liked(kind: KeyType, made: type, size: int) -> None:
    key = serialization.load_pem_private_key(make_key(kind), None)
    assert isinstance(key, made)
    assert key.key_size == size


# --- proved ----------------------------------------------------------------------------------


@pytest.mark.system
def test_names_are_proved_by_http(
    conversation: Conversation, store: MemoryStore, by_http: Means
) -> None:
    issued = Order(conversation, ["Shop.example", "www.shop.example"], by_http, store).obtain()
    assert issued.names == ("shop.example", "www.shop.example")
    assert names_of(issued) == set(issued.names)
    assert issued.chain.count(b"BEGIN CERTIFICATE") == 2
    assert issued.directory == conversation.authority.directory
    key = serialization.load_pem_private_key(issued.key, None)
    leaf = x509.load_pem_x509_certificate(issued.chain)
    assert key.public_key() == leaf.public_key()
    assert store.names("answers/") == []


@pytest.mark.system
def test_names_and_addresses_are_proved_by_tls(
    conversation: Conversation, store: MemoryStore, pebble: Pebble
) -> None:
    answers = Answers(store)
    with validated.tls(answers, pebble.tls_port) as asked:
        means = Means(answers=answers, served=("tls-alpn-01",))
        issued = Order(conversation, ["shop.example", "127.0.0.1"], means, store).obtain()
    assert names_of(issued) == {"shop.example", "127.0.0.1"}
    assert {"shop.example", "1.0.0.127.in-addr.arpa"} <= set(asked)
    assert store.names("answers/") == []


@pytest.mark.system
def test_a_wildcard_is_proved_by_dns_beside_its_parent(
    conversation: Conversation, store: MemoryStore, pebble: Pebble
) -> None:
    means = Means(answers=Answers(store), served=(), dns=Zone(pebble))
    issued = Order(conversation, ["shop.example", "*.shop.example"], means, store).obtain()
    assert names_of(issued) == {"shop.example", "*.shop.example"}


@pytest.mark.system
def test_each_name_by_the_kind_that_it_can_have(
    conversation: Conversation, store: MemoryStore, by_http: Means, pebble: Pebble
) -> None:
    means = replace(by_http, dns=Zone(pebble))
    issued = Order(conversation, ["shop.example", "*.b.example"], means, store).obtain()
    assert names_of(issued) == {"shop.example", "*.b.example"}


@pytest.mark.system
def test_another_kind_is_tried_when_one_fails(
    conversation: Conversation, store: MemoryStore, by_http: Means
) -> None:
    means = replace(by_http, served=("tls-alpn-01", "http-01"))  # nobody listens for TLS
    issued = Order(conversation, ["shop.example"], means, store).obtain()
    assert names_of(issued) == {"shop.example"}


@pytest.mark.system
def test_another_kind_is_tried_when_a_provider_fails(
    conversation: Conversation, store: MemoryStore, by_http: Means, pebble: Pebble
) -> None:
    class Broken:
        def present(self, name: str, value: str) -> None:
            raise RuntimeError("no token")

        cleanup = present

    class DnsFirst(Means):
        def kinds(self, name: str) -> tuple[str, ...]:
            return ("dns-01", "http-01")

    means = DnsFirst(answers=by_http.answers, dns=Broken())
    orders = pebble.log.count("POST /order-plz")
    issued = Order(conversation, ["shop.example"], means, store).obtain()
    assert names_of(issued) == {"shop.example"}
    assert pebble.log.count("POST /order-plz") == orders + 1  # the authority had not looked


@pytest.mark.system
def test_the_kind_that_was_found_by_a_failure_is_the_first_the_next_time(
    conversation: Conversation, store: MemoryStore, by_http: Means, pebble: Pebble
) -> None:
    def orders() -> int:
        return pebble.log.count("POST /order-plz")

    means = replace(by_http, served=("tls-alpn-01", "http-01"))
    before = orders()
    for made in (2, 3):
        order = Order(conversation, ["found.example"], means, store)
        order.obtain()
        order.forget()
        assert orders() == before + made
        assert read_note(store, "proved/found.example.json") == {"kind": "http-01"}
    only_tls = replace(means, served=("tls-alpn-01",))
    with validated.tls(by_http.answers, pebble.tls_port):
        Order(conversation, ["found.example"], only_tls, store).obtain()
    assert store.read("proved/found.example.json") is None


@pytest.mark.system
def test_bad_nonces_do_not_keep_it_from_its_end(tmp_path: Path, store: MemoryStore) -> None:
    with running(tmp_path, {"PEBBLE_WFE_NONCEREJECT": "50"}) as pebble:
        conversation = open_account(Authority(directory=pebble.directory, ca=pebble.ca), store)
        means = Means(answers=Answers(store), served=("http-01",))
        with validated.http(means.answers, pebble.http_port):
            for name in ("a.example", "b.example", "c.example"):
                assert Order(conversation, [name], means, store).obtain().chain
        assert pebble.certificates == 3


# --- refused ---------------------------------------------------------------------------------


def refused(order: Order) -> IssueError:
    with pytest.raises(IssueError) as caught:
        order.obtain()
    return caught.value


@pytest.mark.system
def test_a_port_that_is_closed_is_told(conversation: Conversation, store: MemoryStore) -> None:
    means = Means(answers=Answers(store), served=("http-01",))
    error = refused(Order(conversation, ["shop.example"], means, store))
    assert error.kind == "connection"
    assert error.name == "shop.example"
    assert not error.another
    assert "could not connect to shop.example port 80 (connection refused): open port 80" in str(
        error
    )
    assert store.names("answers/") == []
    assert store.names("orders/") == []


@pytest.mark.system
def test_an_answer_of_somebody_else_is_told(
    conversation: Conversation, store: MemoryStore, pebble: Pebble
) -> None:
    with validated.http(Answers(MemoryStore()), pebble.http_port):
        means = Means(answers=Answers(store), served=("http-01",))
        error = refused(Order(conversation, ["shop.example"], means, store))
    assert error.kind == "unauthorized"
    assert "see that http://shop.example/ ends at this door" in str(error)


@pytest.mark.system
def test_a_record_that_is_missing_is_told(conversation: Conversation, store: MemoryStore) -> None:
    class Forgetful:
        def present(self, name: str, value: str) -> None: ...

        cleanup = present

    means = Means(answers=Answers(store), served=(), dns=Forgetful())
    error = refused(Order(conversation, ["*.shop.example"], means, store))
    assert error.kind in ("dns", "unauthorized")
    assert error.name == "*.shop.example"
    assert "TXT record" in str(error)


@pytest.mark.system
def test_a_forbidden_name_may_be_allowed_elsewhere(
    conversation: Conversation, store: MemoryStore, by_http: Means
) -> None:
    error = refused(Order(conversation, ["blocked.example"], by_http, store))
    assert (error.kind, error.code, error.another) == ("malformed", "rejectedIdentifier", True)


def test_a_name_that_nothing_proves_is_told_without_a_word_to_the_authority(
    store: MemoryStore,
) -> None:
    class Nobody:
        authority = Authority(directory="https://ca.example")

    order = Order(Nobody(), ["*.a.example"], Means(answers=Answers(store)), store)  # type: ignore[arg-type]
    assert "takes a DNS provider" in str(refused(order))


@pytest.mark.system
def test_a_limit_ends_when_the_authority_says(
    fronted: Front, at_front: Authority, store: MemoryStore, by_http: Means
) -> None:
    fronted.refuse(
        "/order-plz",
        429,
        {"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many certificates"},
        retry_after="7200",
    )
    error = refused(Order(open_account(at_front, store), ["shop.example"], by_http, store))
    assert error.kind == "rate_limited"
    assert error.retry_after is not None
    assert error.retry_after.timestamp() == pytest.approx(clock.wall() + 7200, abs=10)


# --- gone on with ----------------------------------------------------------------------------


class Ended(BaseException):
    """The process ends here."""


@pytest.mark.system
def test_an_order_that_was_begun_is_gone_on_with_after_an_end_at_any_step(
    conversation: Conversation, store: MemoryStore, by_http: Means, pebble: Pebble
) -> None:
    """Every message to the authority is the last once."""
    say, made = conversation.net.post, pebble.certificates
    for last in range(1, 30):
        left = [last]

        def post(*args: object, left: list[int] = left, **kwargs: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise Ended
            return say(*args, **kwargs)

        conversation.net.post = post  # type: ignore[method-assign, assignment]
        try:
            order = Order(conversation, [f"end{last}.example"], by_http, store)
            issued = order.obtain()
        except Ended:
            conversation.net.post = say  # type: ignore[method-assign]
            issued = Order(conversation, [f"end{last}.example"], by_http, store).obtain()
            assert names_of(issued) == {f"end{last}.example"}
        else:
            break
    assert 5 < last < 29
    assert pebble.certificates == made + last  # not one was made twice


@pytest.mark.system
def test_what_was_begun_for_other_names_or_long_ago_is_left(
    conversation: Conversation, store: MemoryStore, by_http: Means
) -> None:
    first = Order(conversation, ["shop.example"], by_http, store).obtain()
    same = Order(conversation, ["shop.example"], by_http, store).obtain()
    assert same.chain == first.chain
    more = Order(conversation, ["shop.example", "b.example"], by_http, store).obtain()
    assert more.chain != first.chain
    note = place(["shop.example"], conversation.authority.label)
    begun = json.loads(store.contents[note])
    begun["made"] = "2020-01-01T00:00:00Z"
    store.write(note, json.dumps(begun).encode())
    late = Order(conversation, ["shop.example", "b.example"], by_http, store)
    assert late.obtain().chain != more.chain
    late.forget()
    assert store.read(note) is None


@pytest.mark.system
def test_a_certificate_that_was_left_for_too_long_is_not_taken(
    conversation: Conversation,
    store: MemoryStore,
    by_http: Means,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = Order(conversation, ["shop.example"], by_http, store).obtain()
    later = moments.now() + timedelta(days=900)  # of the five years that pebble gives
    note = place(["shop.example"], conversation.authority.label)
    begun = json.loads(store.contents[note])
    begun["made"] = moments.text(later)
    store.write(note, json.dumps(begun).encode())
    monkeypatch.setattr(clock, "wall", later.timestamp)
    assert Order(conversation, ["shop.example"], by_http, store).obtain().chain != first.chain


@pytest.mark.system
@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}"])
def test_a_damaged_note_of_an_order_is_none(
    conversation: Conversation, store: MemoryStore, by_http: Means, data: bytes
) -> None:
    store.write(place(["shop.example"], conversation.authority.label), data)
    assert Order(conversation, ["shop.example"], by_http, store).obtain().chain


@pytest.mark.system
def test_an_order_that_the_authority_forgot_is_begun_anew(
    conversation: Conversation, store: MemoryStore, by_http: Means
) -> None:
    Order(conversation, ["shop.example"], by_http, store).obtain()
    note = place(["shop.example"], conversation.authority.label)
    begun = json.loads(store.contents[note])
    begun["order"] = begun["order"][:-4] + "0000"
    store.write(note, json.dumps(begun).encode())
    assert Order(conversation, ["shop.example"], by_http, store).obtain().chain


@pytest.mark.system
def test_it_ends_between_steps_when_it_is_told_to(
    conversation: Conversation, store: MemoryStore, by_http: Means
) -> None:
    def alive() -> None:
        raise Ended

    with pytest.raises(Ended):
        Order(conversation, ["shop.example"], by_http, store, alive=alive).obtain()
    assert store.names("answers/") == []
    assert store.names("orders/") != []


# --- what it asks for ------------------------------------------------------------------------


@pytest.mark.system
def test_a_renewal_says_what_it_replaces_and_which_profile(
    fronted: Front, at_front: Authority, store: MemoryStore, by_http: Means
) -> None:
    fronted.profiles = {"shortlived": "six days"}
    conversation = open_account(replace(at_front, profile="shortlived"), store)
    first = Order(conversation, ["shop.example"], by_http, store)
    old = certificate_id(first.obtain().chain)
    first.forget()
    Order(conversation, ["shop.example"], by_http, store, replaces=old).obtain()
    one, two = fronted.orders()
    assert one["profile"] == two["profile"] == "shortlived"
    assert "replaces" not in one
    assert two["replaces"] == old


@pytest.mark.system
def test_a_profile_that_is_not_listed_is_told(
    fronted: Front, at_front: Authority, store: MemoryStore, by_http: Means
) -> None:
    fronted.profiles = {"classic": "", "tlsserver": ""}
    conversation = open_account(replace(at_front, profile="shortlivd"), store)
    error = refused(Order(conversation, ["shop.example"], by_http, store))
    assert "no profile 'shortlivd' (it lists classic, tlsserver)" in str(error)
    assert error.another
    assert fronted.orders() == []


@pytest.mark.system
@pytest.mark.parametrize(("status", "code"), [(409, "alreadyReplaced"), (404, "malformed")])
def test_an_old_one_that_cannot_be_replaced_is_no_reason_to_fail(
    fronted: Front,
    at_front: Authority,
    store: MemoryStore,
    by_http: Means,
    status: int,
    code: str,
) -> None:
    problem = {"type": f"urn:ietf:params:acme:error:{code}", "detail": "no"}
    fronted.refuse("/order-plz", status, problem)
    conversation = open_account(at_front, store)
    Order(conversation, ["shop.example"], by_http, store, replaces="a.b").obtain()
    one, two = fronted.orders()
    assert one["replaces"] == "a.b"
    assert "replaces" not in two


@pytest.mark.system
def test_an_authority_without_suggestions_is_not_told_what_is_replaced(
    conversation: Conversation, store: MemoryStore, by_http: Means
) -> None:
    assert Order(conversation, ["shop.example"], by_http, store, replaces="a.b").obtain().chain


@pytest.mark.system
def test_the_chain_ends_in_the_liked_issuer(
    authority: Authority, store: MemoryStore, by_http: Means
) -> None:
    def roots(issuer: str, name: str) -> str:
        conversation = open_account(replace(authority, issuer=issuer), store)
        chain = Order(conversation, [name], by_http, store).obtain().chain
        top = x509.load_pem_x509_certificates(chain)[-1]
        return str(top.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)

    default = roots("", "one.example")
    assert roots("No Such Root", "two.example") == default
    conversation = open_account(authority, store)
    body = json.loads(store.contents[place(["one.example"], authority.label)])
    with conversation.speaking():
        order = conversation.say(body["order"], None).json()
        answer = conversation.say(order["certificate"], None)
        links = [each for each in answer.headers["Link"].split(",") if "alternate" in each]
        other = conversation.say(links[0].split("<")[1].split(">")[0], None).content
    top = x509.load_pem_x509_certificates(other)[-1]
    liked = str(top.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)
    assert liked != default
    assert roots(liked, "three.example") == liked


@pytest.mark.system
def test_a_certificate_that_lacks_a_name_is_not_taken(
    conversation: Conversation, store: MemoryStore, by_http: Means
) -> None:
    Order(conversation, ["shop.example"], by_http, store).obtain()
    note = place(["shop.example"], conversation.authority.label)
    begun = json.loads(store.contents[note])
    begun["names"] = ["shop.example", "more.example"]
    store.write(note, json.dumps(begun).encode())
    order = Order(conversation, ["shop.example", "more.example"], by_http, store)
    assert "its certificate lacks more.example" in str(refused(order))
    assert store.read(note) is None


@pytest.mark.system
def test_a_certificate_for_another_key_is_not_taken(
    conversation: Conversation, store: MemoryStore, by_http: Means
) -> None:
    Order(conversation, ["shop.example"], by_http, store).obtain()
    note = place(["shop.example"], conversation.authority.label)
    begun = json.loads(store.contents[note])
    begun["key"] = make_key("ecdsa").decode()
    store.write(note, json.dumps(begun).encode())
    assert "for another key" in str(refused(Order(conversation, ["shop.example"], by_http, store)))
    assert store.read(note) is None
