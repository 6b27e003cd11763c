"""Hosts that nobody gave a certificate for: a real authority, the local one, real clients."""

import contextlib
import http.client
import ipaddress
import json
import os
import signal
import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509

from porch.certs.store import FileStore
from porch.cli import certs
from tests.e2e.conftest import SOURCE, Door, children
from tests.support.certificates import Made, make, names
from tests.support.ports import free_port
from tests.support.resolving import NameServer

needs_pebble = pytest.mark.system
"""It comes from Debian: scripts/install-system."""


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
        started.wait_until(
            lambda name=name: all(_is_shown(secure, name) for _ in range(10)),  # by both workers
            "the certificate",
        )
        for _ in range(10):
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


# --- own files -------------------------------------------------------------------------------

GIVEN = """\
listen = ["https://127.0.0.1:{port}"]
workers = 2
log = false
[routes]
"a.test" = "respond:204"
[site."a.test"]
cert = "{folder}/a.pem"
key = "{folder}/a.key"
"""
NOTICED = 5.0
"""Seconds: a look a second, and a look more until a pair that is of no use is told of; the rest is
for a machine that is busy with other things."""


@pytest.fixture
def given(door, tmp_path):
    """A door with a pair of files in `tmp_path`."""
    put(tmp_path, make("a.test", names("a.test")))
    return door(GIVEN.format(port=free_port(), folder=tmp_path))


def put(folder: Path, made: Made, *, only: str = "") -> None:
    for name, content in (("a.pem", made.pem), ("a.key", made.key)):
        if name == only or not only:
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o600)


def test_files_that_are_replaced_are_used_by_all_workers_without_a_reload(given, tmp_path):
    before = _shown(given.port, "a.test", None)
    made = make("a.test", names("a.test"))
    put(tmp_path, made)
    since = time.monotonic()
    given.wait_until(lambda: _shown(given.port, "a.test", None) != before, "the new one")
    given.wait_until(lambda: "have changed; used from now on" in given.errors, "a word of it")
    assert time.monotonic() - since < NOTICED
    given.wait_until(
        lambda: all(_shown(given.port, "a.test", None) == made.certificate for _ in range(20)),
        "the new one by either worker",
    )
    for pid in children(given.process.pid):
        os.kill(pid, signal.SIGKILL)
    given.wait_until(lambda: _is_shown(given.port, "a.test"), "other workers")
    assert _shown(given.port, "a.test", None) == made.certificate


def test_a_pair_of_no_use_leaves_the_old_and_is_told_of(given, tmp_path):
    before = _shown(given.port, "a.test", None)
    put(tmp_path, make("a.test", names("a.test")), only="a.pem")
    since = time.monotonic()
    given.wait_until(lambda: "the certificate before it stays in use" in given.errors, "a word")
    assert time.monotonic() - since < NOTICED
    assert f"{tmp_path}/a.key is not the key of {tmp_path}/a.pem" in given.errors
    assert _shown(given.port, "a.test", None) == before


# --- commands --------------------------------------------------------------------------------


def test_commands_beside_a_running_door(door):
    started = door(LOCAL)
    secure = started.ports[1]
    started.wait_until(lambda: _is_shown(secure, "shop.localhost"), "the certificate")
    table = started.porch("certs")
    assert table.returncode == 0
    assert "shop.localhost  local" in table.stdout
    root = _local_root(started)
    before = _shown(secure, "shop.localhost", root)
    renewed = started.porch("certs", "renew", "shop.localhost")
    assert (renewed.returncode, renewed.stderr) == (0, "")
    said = "shop.localhost has a new certificate"
    assert renewed.stdout == f"{said}; the door that runs has got it\n"
    assert f"{said}\n" in started.errors
    started.wait_until(
        lambda: all(_shown(secure, "shop.localhost", root) != before for _ in range(10)),
        "the new one by either worker",
    )
    started.write(LOCAL + '"new.test" = "respond:204"\n')
    assert started.porch("reload").returncode == 0
    started.wait_until(lambda: _is_for(secure, "new.test"), "the certificate of a new host")
    checked = started.porch("certs", "check", "new.test")
    assert (checked.returncode, checked.stderr) == (0, "")


@needs_pebble
def test_commands_beside_a_door_with_an_authority(door, pebble, monkeypatch, capsys):
    config = PUBLIC.format(
        http=pebble.http_port, tls=pebble.tls_port, directory=pebble.directory, ca=pebble.ca
    )
    started = door(config)
    started.wait_until(lambda: _is_for(pebble.tls_port, "shop.example"), "the certificate")
    before = _shown(pebble.tls_port, "shop.example", None)
    renewed = started.porch("certs", "renew", "shop.example")
    assert renewed.returncode == 0, renewed.stderr
    has = "shop.example has a certificate of 127.0.0.1"
    assert renewed.stdout == f"{has}; the door that runs has got it\n"
    line = json.loads(started.porch("audit", "--json", "--what", "renew").stdout)
    assert (line["outcome"], line["words"]["host"]) == ("done", "shop.example")
    assert line["before"]["certificate"] != line["after"]["certificate"]
    started.wait_until(
        lambda: _shown(pebble.tls_port, "shop.example", None) != before, "the new one"
    )
    # What the check sees of the door, at the ports at which this authority looks.
    monkeypatch.setenv("STATE_DIRECTORY", str(started.folder / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(started.folder))
    monkeypatch.setattr(certs, "own_addresses", lambda: (ipaddress.ip_address("127.0.0.1"),))
    with NameServer() as server:
        server.add("shop.example", "A", "127.0.0.1")
        ports = pebble.http_port, pebble.tls_port
        asking = {"as_json": True, "ports": ports, "resolver": server.resolver()}
        certs.check_name(started.file, "shop.example", **asking)
    found = json.loads(capsys.readouterr().out)
    states = {each["what"]: each["state"] for each in found["findings"]}
    assert states[f"port {pebble.http_port}"] == "ok", found


OWN_DNS = """\
import json
from urllib.request import Request, urlopen


class Records:
    def __init__(self, url):
        self.url = url

    def tell(self, word, **what):
        request = Request(f"{self.url}/{word}", data=json.dumps(what).encode(), method="POST")
        urlopen(request, timeout=10).close()

    def present(self, name, value):
        self.tell("set-txt", host=f"{name}.", value=value)

    def cleanup(self, name, value):
        self.tell("clear-txt", host=f"{name}.")
"""


@needs_pebble
def test_a_wildcard_is_proved_by_a_provider_of_the_operators_own(door, pebble, tmp_path):
    config = PUBLIC.format(http=0, tls=0, directory=pebble.directory, ca=pebble.ca)
    config = config.replace('"www.', '"*.').replace('"shop.example" = "respond:204"\n', "")
    words = f'provider = "py:own_dns:Records", url = "{pebble.dns_url}", resolvers = "none"'
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "own_dns.py").write_text(OWN_DNS)
    started = door(
        config.replace("email =", f"dns = {{ {words} }}\nemail ="),
        environ={"PYTHONPATH": f"{tmp_path}/code:{SOURCE}"},
    )
    secure = started.ports[1]
    started.wait_until(lambda: _is_for(secure, "*.shop.example"), "the certificate")
    for name in ("a.shop.example", "b.shop.example"):
        _shown(secure, name, pebble.root())


REFUSES = """\
class Records:
    def present(self, name, value):
        raise PermissionError("the token may not write this zone")

    def cleanup(self, name, value):
        raise PermissionError("nor remove from it")
"""


@needs_pebble
def test_what_a_provider_says_is_told_by_the_log_by_certs_and_by_renew(door, pebble, tmp_path):
    config = PUBLIC.format(http=0, tls=0, directory=pebble.directory, ca=pebble.ca)
    config = config.replace('"www.', '"*.').replace('"shop.example" = "respond:204"\n', "")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "own_dns.py").write_text(REFUSES)
    started = door(
        config.replace("email =", 'dns = { provider = "py:own_dns:Records" }\nemail ='),
        environ={"PYTHONPATH": f"{tmp_path}/code:{SOURCE}"},
    )
    said = "the DNS provider Records could not write the record of *.shop.example (the token may"
    started.wait_until(lambda: said in started.errors, "the reason")
    table = started.porch("certs")
    assert said in " ".join(table.stdout.split())
    began = time.monotonic()
    renewed = started.porch("certs", "renew", "*.shop.example")
    assert time.monotonic() - began < 20
    assert (renewed.returncode, renewed.stdout) == (1, "")
    assert said in renewed.stderr


HANGS = """\
import threading

class Records:
    def present(self, name, value):
        threading.Event().wait(120)

    def cleanup(self, name, value): ...
"""


@needs_pebble
def test_a_provider_that_hangs_keeps_no_other_host_from_its_certificate(door, pebble, tmp_path):
    config = PUBLIC.format(
        http=pebble.http_port, tls=pebble.tls_port, directory=pebble.directory, ca=pebble.ca
    )
    config += '"*.a.example" = "respond:204"\n'
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "own_dns.py").write_text(HANGS)
    started = door(
        config.replace("email =", 'dns = { provider = "py:own_dns:Records" }\nemail ='),
        environ={"PYTHONPATH": f"{tmp_path}/code:{SOURCE}"},
    )
    for name in ("shop.example", "www.shop.example"):
        started.wait_until(lambda name=name: _is_for(pebble.tls_port, name), name)
    table = " ".join(started.porch("certs").stdout.split())
    assert "gets one, and has its lock until" in table


@needs_pebble
def test_two_doors_that_share_a_store_get_one_certificate(door, pebble, tmp_path):
    config = f'{PUBLIC}[site."www.shop.example"]\ncert = false\n'
    config = config.replace("workers = 2", f'workers = 1\nstore = "{tmp_path}/shared"')
    ports = ((pebble.http_port, pebble.tls_port), (0, 0))  # the authority looks at one of them
    doors = [
        door(
            config.format(http=http, tls=tls, directory=pebble.directory, ca=pebble.ca), ready=False
        )
        for http, tls in ports
    ]
    said = "shop.example has a certificate of 127.0.0.1"
    for each in doors:
        each.wait_ready()
    doors[0].wait_until(lambda: any(said in each.errors for each in doors), "the certificate")
    for each in doors:
        assert each.reload() == ""  # it would look within a minute
        each.wait_until(lambda each=each: _is_for(each.ports[1], "shop.example"), "the same")
    shown = [_shown(each.ports[1], "shop.example", pebble.root()) for each in doors]
    assert shown[0] == shown[1]
    assert pebble.certificates == 1
    assert sum(each.errors.count(said) for each in doors) == 1
