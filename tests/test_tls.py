"""TLS contexts, shaken hands over memory: no socket, a test authority."""

import contextlib
import gc
import os
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from porch.tls import (
    SYSTEM,
    Authorities,
    Certificate,
    client_context,
    client_context_in_steps,
    load_certificate,
    server_context,
    system_authorities,
)

AUTHORITY = trustme.CA()


def files(folder: Path, *names: str) -> tuple[Path, Path]:
    """A certificate and its key as PEM files."""
    made = AUTHORITY.issue_cert(*names)
    cert, key = folder / f"{names[0]}.pem", folder / f"{names[0]}.key"
    made.cert_chain_pems[0].write_to_path(cert)
    made.private_key_pem.write_to_path(key)
    return cert, key


def client(name: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    context.check_hostname = name is not None
    return context


def shake(
    server: ssl.SSLContext, name: str | None, context: ssl.SSLContext | None = None
) -> ssl.SSLObject:
    """The client's side after a handshake over memory."""
    pipes = [ssl.MemoryBIO() for _ in range(4)]
    far = server.wrap_bio(pipes[0], pipes[1], server_side=True)
    near = (context or client(name)).wrap_bio(pipes[2], pipes[3], server_hostname=name)
    for _ in range(5):
        for side, out, to in ((near, pipes[3], pipes[0]), (far, pipes[1], pipes[2])):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
            to.write(out.read())
    return near


def served(server: ssl.SSLContext, name: str | None) -> object:
    """The name in the certificate that a client is shown which asks for `name`."""
    certificate = shake(server, name).getpeercert()
    assert certificate is not None
    return certificate["subjectAltName"]


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, Certificate]:
    names = ("a.test", "b.test", "*.c.test")
    return {name: load_certificate(*files(tmp_path, name)) for name in names}


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
    certificates: dict[str, Certificate], asked: str | None, shown: str
) -> None:
    assert served(server_context(lambda: certificates), asked) == (("DNS", shown),)


def test_a_host_without_one_is_shown_the_first(certificates: dict[str, Certificate]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'd\.test'"):
        shake(server_context(lambda: certificates), "d.test")


def test_a_wildcard_is_one_label(certificates: dict[str, Certificate]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        shake(server_context(lambda: certificates), "x.y.c.test")


def test_the_certificates_of_now_are_shown(certificates: dict[str, Certificate]) -> None:
    current = {"a.test": certificates["a.test"]}
    server = server_context(lambda: current)
    assert served(server, "a.test") == (("DNS", "a.test"),)
    current = {"b.test": certificates["b.test"]}
    assert served(server, "b.test") == (("DNS", "b.test"),)


def test_without_a_certificate_the_handshake_fails() -> None:
    with pytest.raises(ssl.SSLError):
        shake(server_context(dict), "a.test")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken_with_http_1_1(
    certificates: dict[str, Certificate], version: ssl.TLSVersion
) -> None:
    context = client("a.test")
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    side = shake(server_context(lambda: certificates), "a.test", context)
    assert (side.version() or "").replace(".", "_") == version.name
    assert side.selected_alpn_protocol() == "http/1.1"


def test_older_versions_are_refused(certificates: dict[str, Certificate]) -> None:
    assert server_context(lambda: certificates).minimum_version == ssl.TLSVersion.TLSv1_2


def test_every_cipher_has_forward_secrecy_and_authenticates() -> None:
    for cipher in server_context(dict).get_ciphers():
        assert cipher["aead"]
        assert cipher["kea"] in ("kx-ecdhe", "kx-dhe", "kx-any")


def said(cert: Path, key: Path) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        load_certificate(cert, key)
    return str(caught.value)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")
    gone = tmp_path / "gone"
    assert said(gone, key) == f"{gone} does not exist"
    assert said(cert, gone) == f"{gone} does not exist"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    cert, _ = files(tmp_path, "a.test")
    assert said(cert, tmp_path) == f"{tmp_path} cannot be read: Is a directory"


def test_a_key_of_another_certificate_is_said(tmp_path: Path) -> None:
    cert, _ = files(tmp_path, "a.test")
    _, key = files(tmp_path, "b.test")
    assert said(cert, key) == f"{key} is not the key of {cert}"


def test_what_is_no_pem_file_is_named(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")
    other = tmp_path / "other"
    other.write_text("hello")
    assert said(other, key).startswith(f"{other} is not a PEM file that can be used: ")
    assert said(cert, other).startswith(f"{other} is not a PEM file that can be used: ")


def test_an_encrypted_key_is_no_question_on_the_terminal(tmp_path: Path) -> None:
    cert, plain = files(tmp_path, "a.test")
    locked = load_pem_private_key(plain.read_bytes(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hidden")
    )
    key = tmp_path / "locked.key"
    key.write_bytes(locked)
    assert said(cert, key) == (
        f"{key} is encrypted; write it anew without a password, and keep it from others"
    )


# --- from memory -----------------------------------------------------------------------------


def from_memory(folder: Path, name: str) -> tuple[Certificate, dict[Path, bytes]]:
    """A certificate whose files are gone when it is loaded."""
    contents = {file: file.read_bytes() for file in files(folder, name)}
    for file in contents:
        file.unlink()
    return load_certificate(*contents, contents.__getitem__), contents


def test_a_certificate_needs_no_file_but_what_it_held(tmp_path: Path) -> None:
    made, _ = from_memory(tmp_path, "a.test")
    assert served(server_context(lambda: {"a.test": made}), "a.test") == (("DNS", "a.test"),)
    assert [*tmp_path.iterdir()] == []


def test_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")
    _, other = files(tmp_path, "b.test")
    before = os.listdir("/proc/self/fd")
    load_certificate(cert, key)
    with pytest.raises(ValueError, match="is not the key of"):
        load_certificate(cert, other)
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_process_that_gave_up_root_loads_what_only_root_could_read(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")
    contents = {file: file.read_bytes() for file in (cert, key)}
    key.chmod(0o600)
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        status = 1
        with contextlib.suppress(BaseException):
            unreadable = not os.access(key, os.R_OK)
            load_certificate(cert, key, contents.__getitem__)
            status = 0 if unreadable else 2
        os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("lacking", ["memfd_create", "path.exists"])
def test_where_memory_has_no_name_the_file_itself_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    cert, key = files(tmp_path, "a.test")
    if lacking == "memfd_create":
        monkeypatch.delattr(os, "memfd_create")
    else:
        monkeypatch.setattr(os.path, "exists", lambda name: False)
    made = load_certificate(cert, key)
    assert served(server_context(lambda: {"a.test": made}), "a.test") == (("DNS", "a.test"),)


def test_an_equal_certificate_in_use_lends_its_context(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")
    first = load_certificate(cert, key)
    assert load_certificate(cert, key).context is first.context
    files(tmp_path, "a.test")
    assert load_certificate(cert, key).context is not first.context


def test_a_context_that_nobody_uses_is_not_kept(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")
    gc.disable()
    try:
        from porch.tls import _contexts

        before = len(_contexts)
        made = load_certificate(cert, key)
        assert len(_contexts) == before + 1
        del made
        assert len(_contexts) == before
    finally:
        gc.enable()


# --- towards origins -------------------------------------------------------------------------


def test_origins_are_verified_by_name_against_the_system() -> None:
    context = client_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_an_authority_of_their_own_stands_for_the_system(
    certificates: dict[str, Certificate], tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(file)
    context = client_context(authorities=Authorities(file.read_bytes()))
    assert len(context.get_ca_certs()) == 1
    assert shake(server_context(lambda: certificates), "a.test", context).version() == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(server_context(lambda: certificates), "a.test", client_context())


def test_unverified_takes_any_certificate(certificates: dict[str, Certificate]) -> None:
    context = client_context(verify=False)
    assert shake(server_context(lambda: certificates), "z.test", context).version() == "TLSv1.3"


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"]
)
def test_an_authority_that_is_no_pem_file_is_an_error(content: bytes) -> None:
    with pytest.raises(ssl.SSLError):
        client_context(authorities=Authorities(content))


def test_authorities_are_taken_one_a_step_whatever_stands_between_them() -> None:
    pems = [trustme.CA(organization_name=f"{number}").cert_pem.bytes() for number in range(5)]
    content = "Größe\n".encode() + b"# a comment\n".join(pems)
    steps = client_context_in_steps(authorities=Authorities(content))
    assert len([*steps]) == 5
    assert len(client_context(authorities=Authorities(content)).get_ca_certs()) == 5


def test_unverified_needs_no_authority_and_no_step() -> None:
    assert [*client_context_in_steps(verify=False)] == []


def test_those_of_the_system_are_read_like_any_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "all.pem"
    AUTHORITY.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert system_authorities() == Authorities(file.read_bytes(), str(tmp_path))
    assert system_authorities(lambda path: str(path).encode()).pem == str(file).encode()


def test_a_system_without_a_file_of_them_is_left_to_openssl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(path: Path) -> bytes:
        raise PermissionError

    (tmp_path / "all.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "all.pem"))
    assert system_authorities(unreadable) is SYSTEM
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    assert system_authorities() is SYSTEM
    context = client_context(authorities=Authorities(AUTHORITY.cert_pem.bytes(), str(tmp_path)))
    assert len(context.get_ca_certs()) == 1
