"""PROXY headers at real doors, from HAProxy and to it, beside TLS, and forged ones."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from h2.connection import H2Connection
from h2.events import DataReceived

from tests.e2e.conftest import Client, Door, Origin, echo
from tests.support.nginx import nginx
from tests.support.ports import free_port

HEADER = b"PROXY TCP4 203.0.113.9 198.51.100.1 56324 443\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x13" + bytes(
    (203, 0, 113, 9, 198, 51, 100, 1, 220, 4, 1, 187)
)
V2 += b"\x04\0\4noop"
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n"
PROXIED = 'listen = ["127.0.0.1:0"]\nworkers = 1\nproxy_protocol = ["127.0.0.1"]\n'


def forwarded(answer: bytes) -> bytes:
    """X-Forwarded-For as the origin got it."""
    found = [
        line.partition(b": ")[2]
        for line in answer.split(b"\r\n")
        if line.lower().startswith(b"x-forwarded-for:")
    ]
    assert len(found) == 1, answer
    return found[0]


@pytest.mark.parametrize("header", [HEADER, V2])
@pytest.mark.parametrize("slowly", [False, True])
def test_the_client_is_who_the_header_names_and_what_it_claims_itself_is_dropped(
    door: Callable[..., Door],
    origin: Callable[..., Origin],
    client: Callable[[Door], Client],
    header: bytes,
    slowly: bool,
) -> None:
    to = origin(echo)
    made = door(PROXIED + f'[routes]\n"*" = "127.0.0.1:{to.port}"\n')
    connected = client(made)
    request = header + GET + b"X-Forwarded-For: 192.0.2.66\r\nForwarded: for=192.0.2.66\r\n\r\n"
    for place in range(len(request)) if slowly else ():
        connected.send(request[place : place + 1])
    if not slowly:
        connected.send(request)
    status, _, body = connected.read_answer()
    assert (status, forwarded(body)) == (200, b"203.0.113.9")
    assert b"192.0.2.66" not in body
    made.wait_until(lambda: "203.0.113.9" in made.log, "a line of the log with the client")


def test_a_cdn_behind_a_balancer_is_believed_if_it_is_in_trust(
    door: Callable[..., Door], origin: Callable[..., Origin], client: Callable[[Door], Client]
) -> None:
    """The header names the CDN; the CDN's field names the client."""
    to = origin(echo)
    words = 'trust = ["203.0.113.0/24"]\ndeny = ["192.0.2.66"]\n'
    made = door(PROXIED + words + f'[routes]\n"*" = "127.0.0.1:{to.port}"\n')
    said = HEADER + GET + b"X-Forwarded-For: 192.0.2.9, 192.0.2.%d\r\n\r\n"
    status, _, body = client(made).send(said % 7).read_answer()
    assert (status, forwarded(body)) == (200, b"192.0.2.9, 192.0.2.7, 203.0.113.9")
    assert client(made).send(said % 66).read_answer()[0] == 403


def test_who_must_send_one_and_does_not_is_cut_off_and_counted(
    door: Callable[..., Door], client: Callable[[Door], Client]
) -> None:
    made = door(PROXIED + '[routes]\n"*" = "respond:204"\n')
    assert client(made).send(GET + b"\r\n").read_rest() == b""
    made.wait_until(
        lambda: made.ask("status")["cut"]["proxy_header_error"] == 1, "the count of the cut"
    )
    assert "127.0.0.1, which is in proxy_protocol, was cut" in made.errors


def test_nobody_else_is_believed(
    door: Callable[..., Door], client: Callable[[Door], Client]
) -> None:
    made = door(
        PROXIED.replace("127.0.0.1", "10.9.9.9", 2).replace("10.9.9.9", "127.0.0.1", 1)
        + '[routes]\n"*" = "respond:204"\n'
    )
    assert client(made).send(HEADER + GET + b"\r\n").read_answer()[0] == 400
    assert client(made).send(GET + b"\r\n").read_head().startswith(b"HTTP/1.1 204")
    made.write('proxy_protocol = "127.0.0.1"\nworkers = 1\n[routes]\n"*" = "respond:204"\n')
    assert made.reload() == ""
    assert client(made).send(HEADER + GET + b"\r\n").read_head().startswith(b"HTTP/1.1 204")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[trustme.CA, str]:
    """An authority, and the words of a site with one of its certificates."""
    authority = trustme.CA()
    made = authority.issue_cert("a.test")
    made.cert_chain_pems[0].write_to_path(tmp_path / "a.pem")
    made.private_key_pem.write_to_path(tmp_path / "a.key")
    return authority, f'[site."a.test"]\ncert = "{tmp_path}/a.pem"\nkey = "{tmp_path}/a.key"\n'


def secured(authority: trustme.CA, sock: socket.socket, protocols: list[str]) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    context.set_alpn_protocols(protocols)
    return context.wrap_socket(sock, server_hostname="a.test")


@pytest.mark.parametrize("header", [HEADER, V2])
def test_tls_begins_behind_the_header(
    door: Callable[..., Door],
    origin: Callable[..., Origin],
    certificate: tuple[trustme.CA, str],
    header: bytes,
) -> None:
    authority, site = certificate
    to = origin(echo)
    listen = PROXIED.replace('"127.0.0.1:0"', '"https://127.0.0.1:0"')
    made = door(f'{listen}[routes]\n"a.test" = "127.0.0.1:{to.port}"\n{site}')
    with made.connect() as sock:
        sock.sendall(header)
        with secured(authority, sock, ["http/1.1"]) as inside:
            inside.sendall(GET + b"Connection: close\r\n\r\n")
            answer = b"".join(iter(lambda: inside.recv(65536), b""))
    assert forwarded(answer.partition(b"\r\n\r\n")[2]) == b"203.0.113.9"


@contextlib.contextmanager
def haproxy(folder: Path, port: int, words: str) -> Iterator[None]:
    """One that runs with these sections."""
    head = "global\n maxconn 100\ndefaults\n mode http\n timeout connect 5s\n timeout client 9s\n"
    file = folder / "haproxy.cfg"
    file.write_text(head + " timeout server 9s\n" + words)
    with subprocess.Popen(["haproxy", "-db", "-f", str(file)], stderr=subprocess.PIPE) as running:
        try:
            until = time.monotonic() + 10
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                assert time.monotonic() < until
                assert running.poll() is None, running.stderr and running.stderr.read()
                time.sleep(0.02)
            yield
        finally:
            running.terminate()


needs_haproxy = pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy here")


@pytest.mark.system
@needs_haproxy
@pytest.mark.parametrize("word", ["send-proxy", "send-proxy-v2", "send-proxy-v2 check-send-proxy"])
def test_haproxy_in_front_tells_who_the_client_is(
    door: Callable[..., Door], origin: Callable[..., Origin], tmp_path: Path, word: str
) -> None:
    to = origin(echo)
    made = door(PROXIED + f'[routes]\n"*" = "127.0.0.1:{to.port}"\n')
    port = free_port()
    words = f"listen a\n bind 127.0.0.1:{port}\n source 127.0.0.1\n"
    check = "check inter 100ms" if "check" in word else ""
    with haproxy(tmp_path, port, f"{words} server s 127.0.0.1:{made.port} {word} {check}\n"):
        transport = httpx.HTTPTransport(local_address="127.0.0.7")
        with httpx.Client(transport=transport) as asking:
            answer = asking.get(f"http://127.0.0.1:{port}/", headers={"X-Forwarded-For": "6.6.6.6"})
        assert (answer.status_code, forwarded(answer.content)) == (200, b"127.0.0.7")
    assert not made.ask("status")["cut"]["proxy_header_error"]


@pytest.mark.system
@needs_haproxy
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_haproxy_behind_hears_who_the_client_is_and_each_has_its_own_connection(
    door: Callable[..., Door], origin: Callable[..., Origin], tmp_path: Path, version: str
) -> None:
    to = origin(echo)
    port, checked = free_port(), free_port()
    words = (
        f"listen a\n bind 127.0.0.1:{port} accept-proxy\n bind 127.0.0.1:{checked}\n"
        " http-request set-header X-Seen %[src]\n"
        f" server s 127.0.0.1:{to.port}\n"
    )
    with haproxy(tmp_path, checked, words):
        pool = f'[{{ to = "127.0.0.1:{port}", proxy_protocol = "{version}" }}]'
        made = door(
            'listen = ["127.0.0.1:0"]\nworkers = 1\ntrust = ["127.0.0.1"]\n'
            f'[pool.p]\nservers = {pool}\nhealth = {{ path = "/", every = "100ms" }}\n'
            '[routes]\n"*" = "p"\n'
        )
        clients = ["192.0.2.1", "192.0.2.1", "2001:db8::1", "192.0.2.1"]
        with httpx.Client(base_url=made.url) as asking:
            for each in clients:
                answer = asking.get("/", headers={"X-Forwarded-For": each})
                assert f"x-seen: {each}\r\n" in answer.text.lower()
        made.wait_until(lambda: b"x-seen: 127.0.0.1" in to.received.lower(), "a check")


# --- nginx, and HTTP/2 ---------------------------------------------------------------------------


@pytest.fixture
def behind(
    door: Callable[..., Door],
    origin: Callable[..., Origin],
    certificate: tuple[trustme.CA, str],
    tmp_path: Path,
) -> Callable[[bool], tuple[Door, list[str]]]:
    """A door that takes PROXY headers, by TLS or h2c, and the words by which curl speaks to it."""
    authority, site = certificate
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    def start(tls: bool) -> tuple[Door, list[str]]:
        to = origin(echo)
        listen = PROXIED.replace('"127.0.0.1:0"', '"https://127.0.0.1:0"') if tls else PROXIED
        words = f'h2c = true\n[routes]\n"a.test" = "127.0.0.1:{to.port}"\n'
        made = door(listen + words + (site if tls else ""))
        return made, ["--cacert", str(tmp_path / "ca.pem")]

    return start


def curl(port: int, tls: bool, *words: str) -> bytes:
    """What curl gets of the door as 127.0.0.7, and the version."""
    url = f"http{'s' if tls else ''}://a.test:{port}/"
    at = ["--interface", "127.0.0.7", "--resolve", f"a.test:{port}:127.0.0.1", "--max-time", "20"]
    done = subprocess.run(
        ["curl", "-sS", "-w", "\nversion %{http_version}\n", *at, *words, url],
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout


VERSIONS = [(True, "--http2", b"2"), (False, "--http2-prior-knowledge", b"2")]
VERSIONS += [(True, "--http1.1", b"1.1"), (False, "--http1.1", b"1.1")]


@pytest.mark.parametrize(("tls", "word", "version"), VERSIONS)
def test_nginx_in_front_tells_who_the_client_is(
    behind: Callable[[bool], tuple[Door, list[str]]],
    tmp_path: Path,
    tls: bool,
    word: str,
    version: bytes,
) -> None:
    made, trusted = behind(tls)
    port = free_port()
    server = f"listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{made.port}; proxy_protocol on;"
    with nginx(tmp_path, port, f"stream {{ server {{ {server} }} }}\n"):
        answer = curl(port, tls, word, *trusted, "-H", "x-forwarded-for: 6.6.6.6")
    assert answer.endswith(b"\nversion " + version + b"\n")
    assert forwarded(answer) == b"127.0.0.7"
    made.wait_until(lambda: "127.0.0.7" in made.log, "a line of the log with the client")


@pytest.mark.parametrize(("tls", "word", "version"), VERSIONS)
@pytest.mark.parametrize("header", ["v1", "v2"])
@needs_haproxy
@pytest.mark.system
def test_haproxy_in_front_of_either_version_tells_who_the_client_is(
    behind: Callable[[bool], tuple[Door, list[str]]],
    tmp_path: Path,
    tls: bool,
    word: str,
    version: bytes,
    header: str,
) -> None:
    made, trusted = behind(tls)
    port = free_port()
    send = "send-proxy" if header == "v1" else "send-proxy-v2"
    words = f"listen a\n mode tcp\n bind 127.0.0.1:{port}\n server s 127.0.0.1:{made.port} {send}\n"
    with haproxy(tmp_path, port, words):
        answer = curl(port, tls, word, *trusted)
    assert answer.endswith(b"\nversion " + version + b"\n")
    assert forwarded(answer) == b"127.0.0.7"


@pytest.mark.parametrize("header", [HEADER, V2])
@pytest.mark.parametrize("slowly", [False, True])
def test_http_2_begins_behind_the_header_however_it_is_cut(
    behind: Callable[[bool], tuple[Door, list[str]]], header: bytes, slowly: bool
) -> None:
    made, _ = behind(False)
    with made.connect() as sock:
        codec = H2Connection()
        codec.initiate_connection()
        fields = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "a.test")]
        codec.send_headers(1, fields, end_stream=True)
        said = header + codec.data_to_send()
        for place in range(len(said)) if slowly else ():
            sock.sendall(said[place : place + 1])
        if not slowly:
            sock.sendall(said)
        body = b""
        while not body.endswith(b"\r\n\r\n"):
            for event in codec.receive_data(sock.recv(65536)):
                body += event.data if isinstance(event, DataReceived) else b""
    assert forwarded(body) == b"203.0.113.9"


def test_without_its_header_http_2_is_cut_off(
    behind: Callable[[bool], tuple[Door, list[str]]], client: Callable[[Door], Client]
) -> None:
    made, _ = behind(False)
    assert client(made).send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").read_rest() == b""
    made.wait_until(lambda: "127.0.0.1, which is in proxy_protocol, was cut" in made.errors, "said")


ORIGIN = """http {
  access_log off; {places}
  server {
    listen 127.0.0.1:%d proxy_protocol; set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;
    location / { return 200 "$remote_addr by $proxy_protocol_addr $connection"; }
  }
}
"""


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nginx_behind_hears_who_the_client_is_and_each_has_its_own_connection(
    door: Callable[..., Door], tmp_path: Path, version: str
) -> None:
    port = free_port()
    clients = ["192.0.2.1", "192.0.2.1", "2001:db8::1", "192.0.2.1"]
    with nginx(tmp_path, port, ORIGIN % port):
        made = door(
            'listen = ["127.0.0.1:0"]\nworkers = 1\ntrust = ["127.0.0.1"]\n[routes]\n'
            f'"*" = [{{ to = "127.0.0.1:{port}", proxy_protocol = "{version}" }}]\n'
        )
        found = []
        with httpx.Client(base_url=made.url) as asking:
            for each in clients:
                answer = asking.get("/", headers={"X-Forwarded-For": each})
                assert answer.text.startswith(f"{each} by {each} "), answer.text
                found.append(answer.text.rpartition(" ")[2])
    assert found[0] == found[1] == found[3] != found[2]
