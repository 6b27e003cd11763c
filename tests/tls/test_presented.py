"""Who is shown which certificate, shaken hands over memory."""

import ssl
from pathlib import Path

import pytest
import trustme

from porch import clock
from porch.tls.certificate import Certificate
from porch.tls.client_certificate import ClientCertificate
from porch.tls.hello import Hello
from porch.tls.later import Later
from porch.tls.presented import Choice, Kind, Presented, Presenter
from tests.support.handshake import AUTHORITY, certificate, client, far_side, names, shake

STRANGERS = trustme.CA()
STRANGER = STRANGERS.issue_cert("device.test")
DEVICE = AUTHORITY.issue_cert("device.test")
CLIENTS = Kind(client_ca=AUTHORITY.cert_pem.bytes())
HOSTS = ("a.test", "b.test", "*.c.test")


@pytest.fixture
def by_host(tmp_path: Path) -> dict[str, Certificate]:
    return {name: certificate(tmp_path, name) for name in HOSTS}


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("a.test", "a.test"),
        ("b.test", "b.test"),
        ("B.TEST", "b.test"),
        ("x.c.test", "*.c.test"),
        (None, "a.test"),
    ],
)
def test_each_host_is_shown_its_certificate(
    by_host: dict[str, Certificate], asked: str | None, shown: str
) -> None:
    assert names(shake(Presented(by_host), asked)) == (("DNS", shown),)


def test_a_host_without_one_is_shown_the_first(by_host: dict[str, Certificate]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'd\.test'"):
        shake(Presented(by_host), "d.test")


def test_or_none_if_unknown_names_are_refused(by_host: dict[str, Certificate]) -> None:
    presented = Presented(by_host, refuse_unknown=True)
    for name in ("d.test", None):
        with pytest.raises(LookupError):
            shake(presented, name)
    assert names(shake(presented, "x.c.test")) == (("DNS", "*.c.test"),)


def test_a_wildcard_is_one_label(by_host: dict[str, Certificate]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        shake(Presented(by_host), "x.y.c.test")


def test_the_certificates_of_now_are_shown(by_host: dict[str, Certificate]) -> None:
    presenter = Presenter(Presented({"a.test": by_host["a.test"]}))
    assert names(shake(presenter, "a.test")) == (("DNS", "a.test"),)
    presenter.presented = Presented({"b.test": by_host["b.test"]})
    assert names(shake(presenter, "b.test")) == (("DNS", "b.test"),)


def test_without_a_certificate_nobody_is_served() -> None:
    with pytest.raises(LookupError):
        shake(Presented({}), "a.test")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken_with_http_2(
    by_host: dict[str, Certificate], version: ssl.TLSVersion
) -> None:
    context = client("a.test", "h2", "http/1.1")
    context.minimum_version = context.maximum_version = version
    side = shake(Presented(by_host), "a.test", context)
    assert (side.version() or "").replace(".", "_") == version.name
    assert side.selected_alpn_protocol() == "h2"


def test_http_2_is_offered_by_the_hosts_that_speak_it(by_host: dict[str, Certificate]) -> None:
    presenter = Presenter(Presented(by_host, kinds={"b.test": Kind(http2=False)}))
    for offers in (("h2", "http/1.1"), ("http/1.1",)):
        for name in ("a.test", "b.test", "a.test"):
            side = shake(presenter, name, client(name, *offers))
            found = "h2" if name == "a.test" and "h2" in offers else "http/1.1"
            assert side.selected_alpn_protocol() == found


def test_a_host_may_be_of_a_kind_of_its_own(by_host: dict[str, Certificate]) -> None:
    modern = {"b.test": Kind(profile="modern")}
    presenter = Presenter(Presented(by_host, kinds=modern))
    older = client("b.test")
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    assert shake(presenter, "a.test", older).version() == "TLSv1.2"
    with pytest.raises(ssl.SSLError, match="unsupported protocol"):
        shake(presenter, "b.test", older)


def test_a_connection_is_good_for_the_names_in_its_certificate(tmp_path: Path) -> None:
    both = certificate(tmp_path, "a.test", "b.test", "*.c.test", "127.0.0.1")
    presented = Presented({"a.test": both, "d.test": certificate(tmp_path, "d.test")})
    choice = Presenter(presented).choose(Hello("a.test", ()))
    assert choice is not None
    assert [choice.covers(host) for host in ("a.test", "b.test", "x.c.test", "127.0.0.1")] == [
        True
    ] * 4
    assert [choice.covers(host) for host in ("d.test", "c.test", "x.y.c.test", "")] == [False] * 4


def test_but_not_for_a_host_that_asks_more_of_a_connection(tmp_path: Path) -> None:
    both = certificate(tmp_path, "a.test", "b.test")
    modern = {"b.test": Kind(profile="modern")}
    presenter = Presenter(Presented({"a.test": both, "b.test": both}, kinds=modern))
    choice = presenter.choose(Hello("a.test", ()))
    assert choice is not None
    assert not choice.covers("b.test")


def test_a_host_may_have_its_kind_from_a_wildcard_and_its_certificate_from_another(
    by_host: dict[str, Certificate],
) -> None:
    modern, plain = Kind(profile="modern"), Kind()
    kinds = {"*.test": modern, "x.c.test": plain, "*.y.c.test": plain}
    presented = Presented(by_host, kinds=kinds)
    hosts = ("a.test", "z.c.test", "x.c.test", "w.x.c.test", "y.c.test", "z.y.c.test", "test", "")
    found = [presented.kind_of(host) is modern for host in hosts]
    assert found == [True, True, False, True, True, False, False, False]
    assert presented.kind_of("[::1]") is presented.kind
    older = client("x.c.test")
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    assert shake(presented, "x.c.test", older).version() == "TLSv1.2"
    with pytest.raises(ssl.SSLError, match="unsupported protocol"):
        shake(presented, "z.c.test", older)


def test_who_names_nobody_is_of_the_kind_of_whom_it_is_shown(
    by_host: dict[str, Certificate],
) -> None:
    kinds = {"a.test": CLIENTS, "b.test": Kind()}
    presenter = Presenter(Presented(by_host, kinds=kinds))
    asks = {name: _choice(presenter, name).asks("a.test") for name in ("", "a.test", "b.test", "z")}
    assert asks == {"": True, "a.test": True, "b.test": False, "z": False}


def _choice(presenter: Presenter, name: str) -> Choice:
    choice = presenter.choose(Hello(name, ()))
    assert choice is not None
    return choice


def _shown(
    presenter: Presenter, name: str, shown: trustme.LeafCert | None, **words: ssl.TLSVersion
) -> ClientCertificate | None:
    """What the door knows of a client that shows this."""
    context = client(name)
    for word, value in words.items():
        setattr(context, word, value)
    if shown is not None:
        shown.configure_cert(context)
    return ClientCertificate.shown_in(far_side(presenter, name, context))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_is_asked_for_a_certificate_and_need_not_show_one(
    by_host: dict[str, Certificate], version: ssl.TLSVersion
) -> None:
    presenter = Presenter(Presented(by_host, kinds={"a.test": CLIENTS}))
    words = {"minimum_version": version, "maximum_version": version}
    shown = _shown(presenter, "a.test", DEVICE, **words)
    assert shown is not None
    assert shown.names == ("device.test",)
    assert _shown(presenter, "a.test", None, **words) is None
    assert _shown(presenter, "b.test", DEVICE, **words) is None
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        _shown(presenter, "a.test", STRANGER, **words)


def test_who_is_named_is_believed_whoever_has_signed_it(by_host: dict[str, Certificate]) -> None:
    issuer = AUTHORITY.create_child_ca()
    own = issuer.issue_cert("device.test")
    for named in (issuer.cert_pem.bytes(), own.cert_chain_pems[0].bytes()):
        kind = Kind(client_ca=b"Gr\xc3\xb6\xc3\x9fe\n" + named)
        presenter = Presenter(Presented(by_host, kind=kind))
        assert _shown(presenter, "a.test", own) is not None
        with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            _shown(presenter, "a.test", AUTHORITY.issue_cert("device.test"))


def test_a_connection_is_none_for_a_host_that_asks_for_another_certificate(tmp_path: Path) -> None:
    both = certificate(tmp_path, "a.test", "b.test", "c.test")
    kinds = {"a.test": CLIENTS, "b.test": Kind(client_ca=STRANGERS.cert_pem.bytes())}
    kinds["c.test"] = Kind(client_ca=CLIENTS.client_ca)
    presenter = Presenter(
        Presented(dict.fromkeys(("a.test", "b.test", "c.test"), both), kinds=kinds)
    )
    choice = _choice(presenter, "a.test")
    hosts = ("a.test", "b.test", "c.test", "d.test")
    assert [choice.covers(host) for host in hosts] == [True, False, True, False]
    assert [choice.asks(host) for host in hosts] == [True, False, True, False]


def test_what_a_client_has_shown_counts_for_the_authorities_of_now(
    by_host: dict[str, Certificate],
) -> None:
    presenter = Presenter(Presented(by_host, kind=CLIENTS))
    before = _choice(presenter, "a.test")
    assert before.asks("a.test")
    presenter.presented = Presented(by_host, kind=Kind(client_ca=STRANGERS.cert_pem.bytes()))
    assert not before.asks("a.test")
    presenter.presented = Presented(by_host)
    assert not before.asks("a.test")
    assert not _choice(presenter, "a.test").asks("a.test")


def test_a_client_resumes_with_a_session_of_before_a_reload(
    by_host: dict[str, Certificate],
) -> None:
    presenter = Presenter(Presented(by_host))
    context = client("a.test")
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # its ticket comes inside the handshake
    first = shake(presenter, "a.test", context)
    assert not first.session_reused
    presenter.presented = Presented(dict(by_host))
    _resume(presenter, context, first)


@pytest.mark.parametrize("shown", [DEVICE, None])
def test_a_session_has_the_certificate_of_its_first_handshake_until_it_expires(
    by_host: dict[str, Certificate],
    shown: trustme.LeafCert | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    presenter = Presenter(Presented(by_host, kind=CLIENTS))
    context = client("a.test")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    if shown is not None:
        shown.configure_cert(context)
    near = shake(presenter, "a.test", context)
    DEVICE.configure_cert(context)  # who resumes is not asked again
    far = far_side(presenter, "a.test", resuming(context, near))
    assert far.session_reused
    assert (ClientCertificate.shown_in(far) is not None) is (shown is not None)
    monkeypatch.setattr(clock, "wall", lambda: 1e11)
    assert ClientCertificate.shown_in(far) is None


def test_a_session_of_another_kind_is_none(by_host: dict[str, Certificate]) -> None:
    presenter = Presenter(Presented(by_host, kinds={"a.test": CLIENTS}))
    context = client("b.test")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    near = shake(presenter, "b.test", context)
    assert far_side(presenter, "b.test", resuming(context, near)).session_reused
    assert not far_side(presenter, "a.test", resuming(context, near)).session_reused


def _resume(presenter: Presenter, context: ssl.SSLContext, before: ssl.SSLObject) -> None:
    assert shake(presenter, "a.test", resuming(context, before)).session_reused


def resuming(context: ssl.SSLContext, before: ssl.SSLObject) -> ssl.SSLContext:
    """The same, which resumes the session of a connection."""

    class Resuming:
        @staticmethod
        def wrap_bio(one: ssl.MemoryBIO, other: ssl.MemoryBIO, **words: str) -> ssl.SSLObject:
            return context.wrap_bio(one, other, session=before.session, **words)  # type: ignore[arg-type]

    return Resuming  # type: ignore[return-value]


class Got:
    """Certificates that are got on demand: of z.test there is one, y.test has to wait."""

    def __init__(self, found: Certificate) -> None:
        self.later = Later(lambda client: None, lambda: None)
        self.found = {"z.test": found, "y.test": self.later}

    def covers(self, name: str) -> bool:
        return name.endswith(".test")

    def find(self, name: str) -> Certificate | Later | None:
        return self.found.get(name)


def test_a_name_that_has_none_may_get_one_on_demand(
    by_host: dict[str, Certificate], tmp_path: Path
) -> None:
    presenter = Presenter(Presented(by_host))
    presenter.demand = got = Got(certificate(tmp_path, "z.test"))
    assert names(shake(presenter, "z.test")) == (("DNS", "z.test"),)
    assert presenter.choose(Hello("y.test", ())) is got.later
    assert presenter.choose(Hello("x.test", ())) is None
    assert _choice(presenter, "a.test").certificate is by_host["a.test"]
    first = next(iter(by_host.values()))
    for name in ("", "z.example"):  # whoever is not covered is shown what he was before
        assert _choice(presenter, name).certificate is first
