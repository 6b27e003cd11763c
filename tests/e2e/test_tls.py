"""TLS on both sides with real certificates of a test authority."""

import socket
import ssl
from pathlib import Path

import pytest
import trustme

from tests.e2e.conftest import Origin, echo

GET = b"GET / HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """An authority, and its certificate as a file."""
    made = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    made.cert_pem.write_to_path(file)
    return made, file


def _serving_tls(serve, certificate: trustme.LeafCert):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)

    def wrapped(connection):
        connection.socket = context.wrap_socket(connection.socket, server_side=True)
        serve(connection)

    return wrapped


def _ask(started, authority_file: Path, host: str) -> tuple[bytes, dict]:
    context = ssl.create_default_context(cafile=str(authority_file))
    with (
        socket.create_connection(("127.0.0.1", started.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        secured.sendall(GET % host.encode())
        answer = b""
        while data := secured.recv(65536):
            answer += data
        return answer, secured.getpeercert()


def _route(port: int, words: str) -> str:
    return f'[routes]\n"*" = {{ to = "https://localhost:{port}", {words} }}\n'


def test_an_https_origin_is_verified_with_its_own_authority(door, origin, client, authority):
    made, file = authority
    started: Origin = origin(_serving_tls(echo, made.issue_cert("localhost")))
    asking = client(door(_route(started.port, f'tls = {{ ca = "{file}" }}')))
    assert asking.send(GET % b"a.test").read_answer()[0] == 200


def test_an_origin_of_an_unknown_authority_is_502(door, origin, client, authority):
    made, _ = authority
    started = origin(_serving_tls(echo, made.issue_cert("localhost")))
    running = door(f'[routes]\n"*" = "https://localhost:{started.port}"\n')
    status, head, _ = client(running).send(GET % b"a.test").read_answer()
    assert status == 502
    assert b"tls_certificate_error" in head
    assert started.received == b""


def test_an_origin_with_another_name_is_502(door, origin, client, authority):
    made, file = authority
    started = origin(_serving_tls(echo, made.issue_cert("other.test")))
    running = door(_route(started.port, f'tls = {{ ca = "{file}" }}'))
    status, head, _ = client(running).send(GET % b"a.test").read_answer()
    assert status == 502
    assert b"tls_certificate_error" in head


def test_the_name_to_verify_can_be_said(door, origin, client, authority):
    made, file = authority
    started = origin(_serving_tls(echo, made.issue_cert("other.test")))
    words = f'tls = {{ ca = "{file}", server_name = "other.test" }}'
    asking = client(door(_route(started.port, words)))
    assert asking.send(GET % b"a.test").read_answer()[0] == 200


def test_verify_false_works_and_is_warned_about(door, origin, client, authority):
    made, _ = authority
    started = origin(_serving_tls(echo, made.issue_cert("other.test")))
    running = door(_route(started.port, "tls = { verify = false }"))
    assert client(running).send(GET % b"a.test").read_answer()[0] == 200
    assert "warning" in running.errors
    assert "not verified" in running.errors


@pytest.fixture
def secured(door, origin, authority, tmp_path):
    """A door with two names that have certificates, on HTTPS and plain HTTP."""
    made, _ = authority
    routes, sites = ["[routes]"], []
    for name in ("*", "a.test", "b.test"):
        routes.append(f'"{name}" = "127.0.0.1:{origin(echo).port}"')
    for name in ("a.test", "b.test"):
        certificate = made.issue_cert(name)
        cert, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        for number, each in enumerate(certificate.cert_chain_pems):
            each.write_to_path(cert, append=number > 0)
        certificate.private_key_pem.write_to_path(key)
        sites += [f'[site."{name}"]', f'cert = "{cert}"', f'key = "{key}"']
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listen = f'listen = ["https://127.0.0.1:{port}", "http://127.0.0.1:0"]'
    return door("\n".join([listen, *routes, *sites]) + "\n")


def test_each_name_is_served_its_certificate(secured, authority):
    for name in ("a.test", "b.test"):
        answer, certificate = _ask(secured, authority[1], name)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"x-forwarded-proto: https" in answer
        assert ("DNS", name) in certificate["subjectAltName"]


def test_plain_http_for_a_name_with_a_certificate_is_redirected(secured):
    tls_port, plain_port = secured.ports
    with socket.create_connection(("127.0.0.1", plain_port), timeout=10) as connection:
        connection.sendall(GET % b"a.test")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 308 ")
    assert b"location: https://a.test:%d/\r\n" % tls_port in answer


def test_plain_http_for_a_name_without_one_is_served(secured):
    with socket.create_connection(("127.0.0.1", secured.ports[1]), timeout=10) as connection:
        connection.sendall(GET % b"c.test")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_key_of_another_certificate_is_refused_at_the_start(door, authority, tmp_path):
    made, _ = authority
    one, two = made.issue_cert("a.test"), made.issue_cert("a.test")
    one.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    two.private_key_pem.write_to_path(tmp_path / "key.pem")
    started = door(
        '[routes]\n"a.test" = "respond:204"\n'
        f'[site."a.test"]\ncert = "{tmp_path}/cert.pem"\nkey = "{tmp_path}/key.pem"\n',
        ready=False,
    )
    assert started.process.wait(15) == 1
    assert "is not the key of" in started.errors
