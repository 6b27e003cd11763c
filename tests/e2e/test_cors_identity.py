"""Pages of another origin before routes that ask who it is: what a browser asks without a
credential is answered, and what is refused can be read by the page. Who may not come in at all is
told nothing else."""

import http.client
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import bcrypt
import pytest
import trustme

from tests.e2e.conftest import PATIENCE, Door, echo
from tests.support.ports import free_port

PAGE = "https://app.example"
AUTHORITY, CLIENTS = trustme.CA(), trustme.CA()
HASH = bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode()
WAYS = {
    "basic": (f'basic = {{ ann = "{HASH}" }}', 401),
    "keys": ('keys = { partner = "sha256:' + "0a" * 32 + '" }', 401),
    "jwt": ('jwt = { secret = "${SIGNING}", audience = "x" }', 401),
    "oidc": ('oidc = { issuer = "http://127.0.0.1:1", client_id = "porch" }', 401),
    "forward": ('forward = "http://127.0.0.1:1/check"', 503),
    "away": ('jwt = { jwks = "http://127.0.0.1:1/jwks", audience = "x" }', 503),
    "certificate": ("certificate = true", 403),
}
"""By the name of the host: the way to come in, and what who shows nothing is answered."""
TOKEN = "Bearer eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4IiwiZXhwIjo5OTk5OTk5OTk5fQ.c2ln"


@pytest.fixture
def running(door: Callable[..., Door], origin, tmp_path: Path) -> Door:
    names = [f"{each}.test" for each in (*WAYS, "busy", "denied")]
    pair = tmp_path / "pair.pem"
    AUTHORITY.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(pair)
    CLIENTS.cert_pem.write_to_path(tmp_path / "clients.pem")
    to = f'to = "127.0.0.1:{origin(echo).port}", cors = ["{PAGE}"]'
    lines = [
        f'listen = ["https://127.0.0.1:{free_port()}", "127.0.0.1:0"]',
        "workers = 1",
        "[routes]",
        *(f'"{each}.test" = {{ {to}, auth = {{ {way} }} }}' for each, (way, _) in WAYS.items()),
        f'"busy.test" = {{ {to}, limit = "2/h per client" }}',
        f'"denied.test" = {{ {to}, deny = ["127.0.0.0/8"], maintenance = true }}',
        *(f'[site."{each}"]\ncert = "{pair}"\nkey = "{pair}"' for each in names),
    ]
    text = "\n".join(lines).replace(
        '[site."certificate.test"]',
        f'[site."certificate.test"]\nclient_ca = "{tmp_path}/clients.pem"',
    )
    return door(text, environ={"SIGNING": "s" * 40})


def ask(
    door: Door, host: str, method: str = "GET", *, tls: bool = True, **fields: str
) -> tuple[int, dict[str, str]]:
    port = door.ports[0 if tls else 1]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    if tls:
        context = ssl.create_default_context()
        AUTHORITY.configure_trust(context)
        plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        connection.sock = context.wrap_socket(plain, server_hostname=host)
    sent = {name.replace("_", "-"): value for name, value in fields.items()}
    connection.request(method, "/", headers={"host": host, "origin": PAGE} | sent)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def preflight(door: Door, host: str) -> tuple[int, dict[str, str]]:
    wanted = {"access-control-request-headers": "authorization"}
    return ask(door, host, "OPTIONS", access_control_request_method="GET", **wanted)


def test_a_preflight_needs_no_credential_and_a_page_reads_why_it_was_refused(running: Door) -> None:
    for way, (_, refused) in WAYS.items():
        status, fields = preflight(running, f"{way}.test")
        assert status == 204, way
        assert fields["access-control-allow-origin"] == PAGE
        assert fields["access-control-allow-headers"] == "authorization"
        credential = {"authorization": TOKEN} if way == "away" else {}
        status, fields = ask(running, f"{way}.test", **credential)
        assert status == refused, way
        assert fields["access-control-allow-origin"] == PAGE
        assert "origin" in fields["vary"].lower()
        status, fields = ask(running, f"{way}.test", origin="https://evil.example", **credential)
        assert status == refused
        assert "access-control-allow-origin" not in fields


def test_a_page_reads_that_it_came_too_often_and_who_may_not_come_is_told_nothing_else(
    running: Door,
) -> None:
    assert [preflight(running, "busy.test")[0] for _ in range(2)] == [204, 204]
    status, fields = ask(running, "busy.test")
    assert status == 429
    assert fields["access-control-allow-origin"] == PAGE

    assert ask(running, "busy.test", tls=False)[0] == 308, "to HTTPS"
    assert ask(running, "denied.test", tls=False)[0] == 403
    assert ask(running, "denied.test")[0] == 403, "and not that there is maintenance"
    assert preflight(running, "denied.test")[0] == 403
