"""Hosts that nobody gave a certificate for: a real authority, the local one, real clients."""

import contextlib
import http.client
import os
import signal
import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509

from porch.certs.store import FileStore
from tests.e2e.conftest import Door, children
from tests.support.pebble import Pebble, free_port

needs_pebble = pytest.mark.system
"""It comes from Debian: scripts/install-system."""


@pytest.fixture
def pebble(tmp_path):
    folder = tmp_path / "pebble"
    folder.mkdir()
    made = Pebble(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def _local_root(door: Door) -> bytes:
    found = FileStore(door.folder / "state").read("local/root")
    assert found is not None
    from porch.certs.entry import Entry

    return Entry.load(found).chain


def _shown(port: int, name: str, authority: bytes | None) -> x509.Certificate:
    """The certificate that a client is shown, which verifies it if `authority` is given."""
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if authority is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as sock,
        context.wrap_socket(sock, server_hostname=name) as secured,
    ):
        found = secured.getpeercert(binary_form=True)
        assert found is not None
        return x509.load_der_x509_certificate(found)


def _is_shown(port: int, name: str) -> bool:
    try:
        _shown(port, name, None)
    except OSError:
        return False
    return True


def _plainly(port: int, host: str, path: str = "/") -> http.client.HTTPResponse:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as client:
        client.request("GET", path, headers={"Host": host})
        answer = client.getresponse()
        answer.read()
        return answer


LOCAL = f"""\
listen = ["127.0.0.1:0", "https://127.0.0.1:{free_port()}"]
workers = 2
log = false
[routes]
"shop.localhost" = "respond:204"
"127.0.0.1" = "respond:204"
"*" = "respond:404"
"""


def test_local_names_have_https_with_no_further_word(door):
    started = door(LOCAL)
    plain, secure = started.ports
    for name in ("shop.localhost", "127.0.0.1"):
        started.wait_until(lambda name=name: _is_shown(secure, name), "the certificate")
        for _ in range(10):  # by either worker
            _shown(secure, name, _local_root(started))
    answer = _plainly(plain, "shop.localhost", "/x?y")
    assert (answer.status, answer.headers["location"]) == (
        308,
        f"https://shop.localhost:{secure}/x?y",
    )
    assert started.errors.count("\n") == 3, started.errors


def test_the_same_authority_and_certificates_serve_after_a_restart(door):
    started = door(LOCAL)
    secure = started.ports[1]
    started.wait_until(lambda: _is_shown(secure, "shop.localhost"), "the certificate")
    first = _shown(secure, "shop.localhost", _local_root(started))
    root = _local_root(started)
    started.stop()
    again = Door(started.folder, started.file.read_text(encoding="utf-8"))
    try:
        again.wait_ready()
        assert _shown(again.ports[1], "shop.localhost", root) == first
    finally:
        again.stop()


def test_a_worker_that_dies_takes_no_certificate_with_it(door):
    started = door(LOCAL)
    secure = started.ports[1]
    started.wait_until(lambda: _is_shown(secure, "shop.localhost"), "the certificate")
    for pid in children(started.process.pid):
        os.kill(pid, signal.SIGKILL)
        started.wait_until(
            lambda pid=pid: len(started.workers) == 2 and pid not in started.workers, "another"
        )
        assert _is_shown(secure, "shop.localhost")


def test_a_new_route_has_its_certificate_after_a_reload(door):
    started = door(LOCAL)
    secure = started.ports[1]
    started.wait_until(lambda: _is_shown(secure, "shop.localhost"), "the certificate")
    started.write(LOCAL + '"new.test" = "respond:204"\n')
    assert started.reload() == ""
    root = _local_root(started)

    def has_come() -> bool:
        try:
            return bool(_shown(secure, "new.test", root))
        except OSError:
            return False

    started.wait_until(has_come, "the certificate")


PUBLIC = """\
listen = ["127.0.0.1:{http}", "https://127.0.0.1:{tls}"]
workers = 2
log = false
[acme]
directory = "{directory}"
ca = "{ca}"
email = "ops@shop.example"
[routes]
"shop.example" = "respond:204"
"www.shop.example" = "respond:204"
"""


@needs_pebble
def test_public_names_are_certified_by_an_authority_and_plain_http_is_served_until_then(
    door, pebble
):
    config = PUBLIC.format(
        http=pebble.http_port, tls=pebble.tls_port, directory=pebble.directory, ca=pebble.ca
    )
    started = door(config)
    root = pebble.root()
    for name in ("shop.example", "www.shop.example"):
        started.wait_until(lambda name=name: _is_for(pebble.tls_port, name), "the certificate")
        for _ in range(10):
            _shown(pebble.tls_port, name, root)
    until = time.monotonic() + 5
    while _plainly(pebble.http_port, "shop.example").status != 308:
        assert time.monotonic() < until
    assert "shop.example has a certificate of 127.0.0.1" in started.errors
    answer = _plainly(pebble.http_port, "shop.example", "/.well-known/acme-challenge/" + "x" * 43)
    assert answer.status == 404


def _is_for(port: int, name: str) -> bool:
    try:
        found = _shown(port, name, None)
    except OSError:
        return False
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return name in names.get_values_for_type(x509.DNSName)


@needs_pebble
@pytest.mark.parametrize("kind", ["http-01", "tls-alpn-01"])
def test_either_challenge_is_enough(door, pebble, kind):
    """The one that cannot succeed is at a port that the authority does not look at."""
    ports = {"http": pebble.http_port, "tls": pebble.tls_port}
    ports["tls" if kind == "http-01" else "http"] = 0
    started = door(PUBLIC.format(**ports, directory=pebble.directory, ca=pebble.ca))
    secure = started.ports[1]
    started.wait_until(lambda: _is_for(secure, "shop.example"), f"{kind}; {started.errors}")
    _shown(secure, "shop.example", pebble.root())


@needs_pebble
def test_an_authority_that_cannot_be_reached_is_told_and_the_door_serves(door, tmp_path):
    (tmp_path / "ca.pem").write_bytes(b"")
    config = PUBLIC.format(http=0, tls=0, directory="https://127.0.0.1:1/dir", ca="").replace(
        'ca = ""\n', ""
    )
    started = door(config)
    started.wait_until(lambda: "no certificate for shop.example" in started.errors, "the reason")
    assert _plainly(started.ports[0], "shop.example").status == 204
    assert not _is_shown(started.ports[1], "shop.example")
    folder: Path = started.folder / "state"
    assert folder.stat().st_mode & 0o077 == 0
