"""When a certificate is renewed."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from porch import clock
from porch.certs import moments, renewal
from porch.certs.authority import Authority
from porch.certs.failure import IssueError
from porch.certs.network import Conversation
from porch.certs.renewal import Suggestion
from tests.support.authorities import held
from tests.support.front import Front
from tests.support.store import MemoryStore

DAY = timedelta(days=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHAIN = trustme.CA().issue_cert("shop.example").cert_chain_pems[0].bytes()
ID = renewal.certificate_id(CHAIN)


@dataclass(frozen=True)
class Certificate:
    """Held by nobody but this test."""

    names: tuple[str, ...] = ("shop.example",)
    chain: bytes = CHAIN
    directory: str = "https://ca.example"
    begins: datetime = NOON
    ends: datetime = NOON + 90 * DAY

    @property
    def not_before(self) -> int:
        return int(self.begins.timestamp())

    @property
    def not_after(self) -> int:
        return int(self.ends.timestamp())


def suggestion(start: datetime, end: datetime, **more: object) -> Suggestion:
    one = Suggestion(ID, start, end, NOON, NOON + timedelta(hours=6))
    return replace(one, **more)  # type: ignore[arg-type]


# --- without a word of the authority ---------------------------------------------------------


def test_it_is_renewed_when_a_third_of_its_lifetime_is_left() -> None:
    at = renewal.renew_at("shop.example", NOON, NOON + 90 * DAY)
    assert NOON + 57 * DAY <= at <= NOON + 60 * DAY


def test_a_short_one_is_renewed_when_half_is_left() -> None:
    at = renewal.renew_at("shop.example", NOON, NOON + 6 * DAY)
    assert NOON + 2.8 * DAY <= at <= NOON + 3 * DAY


def test_names_that_began_together_part_and_each_keeps_its_moment() -> None:
    moments = {renewal.renew_at(f"{i}.example", NOON, NOON + 90 * DAY) for i in range(50)}
    assert len(moments) == 50
    assert max(moments) - min(moments) > DAY
    assert renewal.renew_at("A.example", NOON, NOON + DAY) == renewal.renew_at(
        "a.example", NOON, NOON + DAY
    )


@given(
    st.text(),
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)),
    st.timedeltas(min_value=timedelta(seconds=-5), max_value=timedelta(days=9999)),
)
def test_it_is_always_renewed_inside_its_lifetime(
    name: str, begins: datetime, lifetime: timedelta
) -> None:
    begins = begins.replace(tzinfo=UTC)
    at = renewal.renew_at(name, begins, begins + lifetime)
    assert begins + min(lifetime, timedelta()) <= at <= begins + lifetime


def test_one_of_the_future_waits_until_it_is_valid() -> None:
    early = NOON - 400 * DAY  # the clock was set back
    assert renewal.renewal_time(Certificate(), None, early) > NOON


def test_a_clock_far_ahead_finds_it_due_once() -> None:
    assert renewal.renewal_time(Certificate(), None, NOON + 4000 * DAY) < NOON + 61 * DAY


# --- with one --------------------------------------------------------------------------------


def test_the_moment_lies_in_the_window_and_stays_there() -> None:
    one = suggestion(NOON + 10 * DAY, NOON + 12 * DAY)
    assert one.moment is not None
    assert NOON + 10 * DAY <= one.moment <= NOON + 12 * DAY
    assert replace(one, asked=NOON + DAY, again=NOON + 2 * DAY).moment == one.moment
    assert replace(one, certificate="another").moment != one.moment
    assert renewal.renewal_time(Certificate(), one, NOON) == one.moment


def test_a_window_of_the_past_is_now_but_not_for_one_that_is_new() -> None:
    past = suggestion(NOON - 3 * DAY, NOON - 2 * DAY)
    at = renewal.renewal_time(Certificate(), past, NOON + 10 * DAY)
    assert at == NOON + timedelta(hours=6)  # or an authority that always says so is asked for ever
    short = Certificate(ends=NOON + timedelta(hours=10))
    assert renewal.renewal_time(short, past, NOON) == NOON + timedelta(hours=1)


def test_a_window_after_its_end_is_not_waited_for() -> None:
    late = suggestion(NOON + 200 * DAY, NOON + 201 * DAY)
    assert renewal.renewal_time(Certificate(), late, NOON) == NOON + 90 * DAY


def test_without_a_window_the_lifetime_decides() -> None:
    empty = Suggestion(ID, None, None, NOON, NOON + DAY)
    assert empty.moment is None
    assert renewal.renewal_time(Certificate(), empty, NOON) == renewal.renew_at(
        "shop.example", NOON, NOON + 90 * DAY
    )


def test_it_is_asked_for_at_first_and_then_when_the_authority_says() -> None:
    one = suggestion(NOON, NOON + DAY)
    assert renewal.ask_at(Certificate(), None, NOON) == NOON
    assert renewal.ask_at(Certificate(), one, NOON) == NOON + timedelta(hours=6)
    assert renewal.ask_at(Certificate(), replace(one, certificate="old"), NOON) == NOON


def test_it_is_never_asked_for_after_the_end_or_of_nobody() -> None:
    assert renewal.ask_at(Certificate(), None, NOON + 90 * DAY) is None
    assert renewal.ask_at(Certificate(directory=""), None, NOON) is None


def test_a_clock_that_was_set_back_does_not_silence_it() -> None:
    held = Certificate(begins=NOON - 99 * DAY)
    assert renewal.ask_at(held, suggestion(NOON, NOON + DAY), NOON - 50 * DAY) == NOON - 50 * DAY


def test_asked_in_vain_what_was_said_before_holds() -> None:
    one = suggestion(NOON, NOON + DAY, url="https://why")
    after = renewal.unanswered(CHAIN, one)
    assert (after.start, after.end, after.url) == (one.start, one.end, one.url)
    assert after.again - after.asked == timedelta(hours=6)
    assert renewal.unanswered(CHAIN, replace(one, certificate="old")).start is None
    assert renewal.unanswered(CHAIN, None).certificate == ID


# --- its name, and what is kept --------------------------------------------------------------


def made(*extensions: x509.ExtensionType) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(0x87654321)
        .not_valid_before(NOON)
        .not_valid_after(NOON + DAY)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_its_id_is_that_of_the_rfc() -> None:
    # The example of RFC 9773 4.1.
    identifier = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
    chain = made(x509.AuthorityKeyIdentifier(identifier, None, None))
    assert renewal.certificate_id(chain) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


def test_one_that_names_no_authority_has_no_id() -> None:
    assert renewal.certificate_id(made()) == ""
    assert renewal.certificate_id(b"no PEM") == ""


def test_a_suggestion_is_kept_whole(store: MemoryStore) -> None:
    one = suggestion(NOON, NOON + DAY, url="https://why")
    renewal.keep(store, "*.shop.example", one)
    assert renewal.kept(store, "*.shop.example") == one
    empty = Suggestion(ID, None, None, NOON, NOON + DAY)
    renewal.keep(store, "other.example", empty)
    assert renewal.kept(store, "other.example") == empty


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"asked": 1, "again": 2}'])
def test_a_damaged_one_is_none(store: MemoryStore, data: bytes) -> None:
    store.write("renewal/shop.example.json", data)
    assert renewal.kept(store, "shop.example") is None


# --- asked for -------------------------------------------------------------------------------


@pytest.mark.system
def test_an_authority_is_asked_for_its_window(fronted: Front, at_front: Authority) -> None:
    fronted.suggest("2026-04-01T00:00:00.123Z", "2026-04-03T00:00:00Z", retry_after="7200")
    found = renewal.ask(Conversation(at_front), CHAIN)
    assert fronted.asked == [ID]
    assert found.start == datetime(2026, 4, 1, tzinfo=UTC)
    assert found.end == datetime(2026, 4, 3, tzinfo=UTC)
    assert timedelta(minutes=119) < found.again - found.asked < timedelta(minutes=121)
    assert found.url == "https://ca.example/why"


@pytest.mark.system
@pytest.mark.parametrize(("said", "wait"), [("1", 60), ("9999999", 86400)])
def test_when_to_ask_again_is_bounded(
    fronted: Front, at_front: Authority, said: str, wait: int
) -> None:
    fronted.suggest("2026-04-01T00:00:00Z", "2026-04-03T00:00:00Z", retry_after=said)
    found = renewal.ask(Conversation(at_front), CHAIN)
    assert found.again - found.asked == timedelta(seconds=wait)


@pytest.mark.system
def test_a_window_that_ends_before_it_starts_is_no_answer(
    fronted: Front, at_front: Authority
) -> None:
    fronted.suggest("2026-04-03T00:00:00Z", "2026-04-01T00:00:00Z")
    with pytest.raises(IssueError, match="ends before it starts"):
        renewal.ask(Conversation(at_front), CHAIN)


@pytest.mark.system
def test_an_authority_without_suggestions_is_asked_again_tomorrow(authority: Authority) -> None:
    found = renewal.ask(Conversation(authority), CHAIN)
    assert found.moment is None
    assert found.again - found.asked == DAY
    assert found.asked.timestamp() == pytest.approx(clock.wall(), abs=5)


def test_what_was_suggested_for_another_certificate_of_the_name_is_not_for_this_one(
    store: MemoryStore,
) -> None:
    old, new = held(age=60 * DAY), held()
    now = moments.now().replace(microsecond=0)
    told = Suggestion(renewal.certificate_id(old.chain), now, now + DAY, now, now + DAY)
    renewal.keep(store, "shop.example", told)
    assert renewal.kept_for(store, "shop.example", old) == told
    assert renewal.kept_for(store, "shop.example", new) is None
    assert renewal.kept_for(store, "other.example", old) is None
