"""Client certificates on real sockets: who is let in, who is not, and what the origin is told."""

import base64
import re
import socket
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.e2e.conftest import PATIENCE, Door, echo

AUTHORITY = trustme.CA()
CLIENTS = trustme.CA(organization_name="clients")
STRANGERS = trustme.CA(organization_name="strangers")
DEVICE = CLIENTS.issue_cert("device-7.test", common_name="device-7")
PRINTER = CLIENTS.issue_cert("printer.test", common_name="printer")
STRANGER = STRANGERS.issue_cert("device-7.test", common_name="device-7")
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]

ROUTES = """
[routes]
"open.test" = "127.0.0.1:{port}"
"a.test" = "127.0.0.1:{port}"
"a.test/open/*" = {{ to = "127.0.0.1:{port}", client_cert = "optional" }}
"*" = "127.0.0.1:{port}"

[[routes."b.test"]]
to = "127.0.0.1:{port}"
when = {{ client_cert = {{ subject = "~CN=device" }} }}
priority = 1

[[routes."b.test"]]
to = "respond:204"
when = {{ client_cert = {{ san = "printer.test" }} }}

[[routes."b.test"]]
to = "respond:402"

[site."open.test"]
cert = "../all.pem"
key = "../all.key"

[site."a.test"]
cert = "../all.pem"
key = "../all.key"
client_ca = "../clients.pem"

[site."b.test"]
cert = "../all.pem"
key = "../all.key"
client_ca = ["../strangers.pem", "../clients.pem"]
client_cert = "optional"

[site."c.test"]
cert = "../all.pem"
key = "../all.key"
client_ca = "../clients.pem"
"""


def write(folder: Path) -> None:
    """The files that ROUTES names."""
    made = AUTHORITY.issue_cert("open.test", "a.test", "b.test", "c.test")
    (folder / "all.pem").write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))
    (folder / "all.key").write_bytes(made.private_key_pem.bytes())
    (folder / "all.key").chmod(0o600)
    CLIENTS.cert_pem.write_to_path(folder / "clients.pem")
    STRANGERS.cert_pem.write_to_path(folder / "strangers.pem")


def ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


@pytest.fixture
def running(door, origin, tmp_path) -> Door:
    write(tmp_path)
    tls, plain = ports()
    listen = f'listen = ["https://127.0.0.1:{tls}", "http://127.0.0.1:{plain}"]\n'
    return door(listen + ROUTES.format(port=origin(echo).port))


def context(
    shown: trustme.LeafCert | None = None, version: ssl.TLSVersion | None = None
) -> ssl.SSLContext:
    made = ssl.create_default_context()
    AUTHORITY.configure_trust(made)
    made.check_hostname = False
    if version is not None:
        made.minimum_version = made.maximum_version = version
    if shown is not None:
        shown.configure_cert(made)
    return made


class Client:
    """A client's connection. name: that it asks for in the handshake, None for none."""

    def __init__(
        self,
        running: Door,
        name: str | None,
        words: ssl.SSLContext,
        session: ssl.SSLSession | None = None,
    ) -> None:
        plain = socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE)
        self.side = words.wrap_socket(plain, server_hostname=name, session=session)

    def get(self, host: str, path: str = "/", *fields: str) -> tuple[int, bytes]:
        """The status, and all that came."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *fields]
        self.side.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        length = re.search(rb"content-length: (\d+)", answer.lower())
        whole = answer.index(b"\r\n\r\n") + 4 + (int(length[1]) if length else 0)
        while len(answer) < whole:
            answer += self._more()
        return int(answer.split(b" ")[1]), answer

    def _more(self) -> bytes:
        data = self.side.recv(65536)
        assert data
        return data

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.side.close()


def get(running: Door, host: str, shown: trustme.LeafCert | None, path: str = "/") -> int:
    with Client(running, host, context(shown)) as client:
        return client.get(host, path)[0]


def test_who_shows_a_certificate_is_let_in_and_the_origin_is_told(running: Door) -> None:
    with Client(running, "a.test", context(DEVICE)) as client:
        status, answer = client.get("a.test", "/", "Client-Cert: :AAAA:", "Client_Cert: :AAAA:")
        client.get("a.test")
    assert status == 200
    (told,) = re.findall(rb"(?i)client.cert[^:]*: (.*)\r\n", answer)
    leaf = x509.load_pem_x509_certificate(DEVICE.cert_chain_pems[0].bytes())
    assert told == b":%b:" % base64.b64encode(leaf.public_bytes(Encoding.DER))


def test_who_shows_none_is_answered_403_in_words(running: Door) -> None:
    with Client(running, "a.test", context()) as client:
        status, answer = client.get("a.test", "/", "Accept: text/plain")
        assert status == 403
        assert b"http_request_denied" in answer
        assert b"must show a certificate" in answer
        assert client.get("a.test", "/open/x")[0] == 200
    for path in ("/open/../x", "/open/%2e%2e/x", "/open%2f..%2fx"):
        assert get(running, "a.test", None, path) in (400, 403)


@pytest.mark.parametrize("version", VERSIONS)
def test_one_of_another_authority_ends_the_handshake(
    running: Door, version: ssl.TLSVersion
) -> None:
    with (
        pytest.raises((ssl.SSLError, ConnectionError, AssertionError)),
        Client(running, "a.test", context(STRANGER, version)) as client,
    ):
        client.get("a.test")  # in TLS 1.3 it hears of it when it reads
    assert get(running, "b.test", STRANGER) == 200


def test_a_connection_for_another_host_is_none_for_this_one(running: Door) -> None:
    with Client(running, "open.test", context(DEVICE)) as client:
        assert client.get("open.test")[0] == 200
        assert client.get("a.test")[0] == 421
    with Client(running, "b.test", context(STRANGER)) as client:
        assert client.get("a.test")[0] == 421
    with Client(running, "c.test", context(DEVICE)) as client:
        assert client.get("a.test")[0] == 200  # the same authorities: the same is asked of it


def test_nor_is_one_that_names_no_host_or_one_that_nobody_knows(running: Door) -> None:
    for name in (None, "nobody.test"):
        with Client(running, name, context(DEVICE)) as client:
            assert client.get("open.test")[0] == 200
            status, answer = client.get("a.test")
            assert status == (403 if name is None else 421)
            assert b"client-cert" not in answer.lower()


def test_nor_is_plain_http(running: Door) -> None:
    for host, status in (("a.test", b"308"), ("c.test", b"403"), ("x.test", b"200")):
        with socket.create_connection(("127.0.0.1", running.ports[1]), timeout=PATIENCE) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host.encode())
            assert plain.recv(65536).split(b" ")[1] == status


def test_a_route_for_any_host_does_not_let_in_by_the_side(running: Door) -> None:
    assert get(running, "c.test", None) == 403
    assert get(running, "c.test", DEVICE) == 200


def test_routes_differ_by_what_the_certificate_says(running: Door) -> None:
    assert [get(running, "b.test", shown) for shown in (DEVICE, PRINTER, None)] == [200, 204, 402]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_resumed_session_has_the_certificate_of_the_first(
    running: Door, version: ssl.TLSVersion
) -> None:
    words = context(DEVICE, version)
    with Client(running, "a.test", words) as client:
        _, first = client.get("a.test")
        session = client.side.session
    with Client(running, "a.test", words, session) as client:
        status, again = client.get("a.test")
        assert client.side.session_reused
    assert status == 200
    told = re.compile(rb"client-cert: .*")
    assert told.findall(first) == told.findall(again) != []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_without_one_is_of_no_use(running: Door, version: ssl.TLSVersion) -> None:
    for name in ("a.test", "open.test", "b.test", None):
        words = context(None, version)
        with Client(running, name, words) as client:
            client.get(name or "open.test")
            session = client.side.session
        DEVICE.configure_cert(words)  # it would show one now, but who resumes is not asked
        with Client(running, "a.test", words, session) as client:
            resumed = client.side.session_reused
            assert resumed is (name == "a.test")
            assert client.get("a.test")[0] == (403 if resumed else 200)


def test_what_a_reload_asks_for_holds_for_open_connections_too(running: Door) -> None:
    with (
        Client(running, "open.test", context(DEVICE)) as before,
        Client(running, "a.test", context(DEVICE)) as other,
    ):
        assert before.get("open.test")[0] == other.get("a.test")[0] == 200
        text = running.file.read_text(encoding="utf-8")
        both = text.replace(
            '[site."open.test"]', '[site."open.test"]\nclient_ca = "../clients.pem"'
        )
        running.write(both.replace('"../clients.pem"\n', '"../strangers.pem"\n'))
        assert running.reload() == ""
        assert before.get("open.test")[0] == 403
        assert other.get("a.test")[0] == 403
    assert get(running, "a.test", STRANGER) == 200


def test_an_origin_may_ask_the_door_for_a_certificate(door, origin, client, tmp_path) -> None:
    write(tmp_path)
    (tmp_path / "door.pem").write_bytes(b"".join(each.bytes() for each in DEVICE.cert_chain_pems))
    (tmp_path / "door.key").write_bytes(DEVICE.private_key_pem.bytes())
    (tmp_path / "door.key").chmod(0o600)
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    asking = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    asking.verify_mode = ssl.CERT_REQUIRED
    CLIENTS.configure_trust(asking)
    AUTHORITY.issue_cert("localhost").configure_cert(asking)
    subjects: list[object] = []

    def serve(connection) -> None:
        connection.socket = asking.wrap_socket(connection.socket, server_side=True)
        subjects.append(connection.socket.getpeercert()["subjectAltName"])
        echo(connection)

    started = origin(serve)
    words = (
        'tls = { ca = "../ca.pem", cert = "../door.pem", key = "../door.key", min_version = "1.3" }'
    )
    running = door(f'[routes]\n"*" = {{ to = "https://localhost:{started.port}", {words} }}\n')
    asked = client(running).send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert asked.read_answer()[0] == 200
    assert subjects == [(("DNS", "device-7.test"),)]
