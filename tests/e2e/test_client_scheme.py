"""By which scheme the client of a proxy came, which ends TLS before a door that has HTTPS too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from tests.e2e.conftest import Door, echo
from tests.support.ports import free_port

HTTPS = {"Host": "a.test", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
HTTP = HTTPS | {"X-Forwarded-Proto": "http"}
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
DOOR = """listen = ["127.0.0.1:0", "https://127.0.0.1:{https}"]
workers = 1
{trust}
[routes]
"a.test"        = {{ to = "127.0.0.1:{origin}", sticky = true }}
[routes."a.test/asks/*"]
to   = "127.0.0.1:{origin}"
auth = {{ forward = "http://127.0.0.1:{asked}/" }}
[site."a.test"]
cert = "{pem}"
key  = "{pem}"
hsts = "1y"
"""


@pytest.fixture
def start(door: Callable[..., Door], origin: Any, tmp_path: Path) -> Callable[[str], Door]:
    def started(trust: str) -> Door:
        pem = tmp_path / "a.pem"
        issued = trustme.CA().issue_cert("a.test")
        issued.private_key_and_cert_chain_pem.write_to_path(str(pem))
        ports = {name: origin(echo).port for name in ("origin", "asked")}
        return door(DOOR.format(https=free_port(), trust=trust, pem=pem, **ports))

    return started


def ask(at: Door, fields: dict[str, str], path: str = "/x") -> httpx.Response:
    return httpx.get(at.url + path, headers=fields, trust_env=False)


def test_who_came_to_the_proxy_by_https_is_served_as_over_https(start: Any) -> None:
    running = start('trust = ["127.0.0.1"]')
    answer = ask(running, HTTPS)
    assert answer.status_code == 200, "there is no loop"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert answer.headers["set-cookie"].endswith("; Secure")
    assert "x-forwarded-proto: https" in answer.text.lower()
    assert ask(running, HTTPS, "/asks/").status_code == 200


def test_who_came_to_it_by_plain_http_is_sent_to_its_https(start: Any) -> None:
    answer = ask(start('trust = ["127.0.0.1"]'), HTTP)
    assert answer.status_code == 308
    assert answer.headers["location"] == "https://a.test/x"
    assert answer.headers["cache-control"] == "private"
    assert "strict-transport-security" not in answer.headers


def test_whoever_is_not_trusted_is_redirected_and_the_operator_hears_why(start: Any) -> None:
    running = start("")
    answer = ask(running, HTTPS)
    assert answer.status_code == 308
    assert answer.headers["location"] == f"https://a.test:{running.ports[1]}/x"
    assert "strict-transport-security" not in answer.headers
    running.wait_until(lambda: "name it in `trust`" in running.errors, "a message")
    assert "127.0.0.1 says that its client came by HTTPS" in running.errors
    before = len(running.errors)
    assert ask(running, HTTPS).status_code == 308
    assert len(running.errors) == before, "once a minute"


def test_a_proxy_that_says_two_things_is_not_believed_and_the_operator_hears_why(
    start: Any,
) -> None:
    running = start('trust = ["127.0.0.1"]')
    rest = [(name, value) for name, value in HTTPS.items() if name != "X-Forwarded-Proto"]
    for said, status in ((("https", "https"), 200), (("http", "https"), 308)):
        fields = [*rest, *(("X-Forwarded-Proto", each) for each in said)]
        answer = httpx.get(running.url + "/x", headers=fields, trust_env=False)
        assert answer.status_code == status
    running.wait_until(lambda: "does not tell in X-Forwarded-Proto" in running.errors, "a message")


def test_a_door_of_plain_http_alone_says_hsts_for_its_proxy(
    door: Callable[..., Door], origin: Any
) -> None:
    routes = f'[routes]\n"a.test" = "127.0.0.1:{origin(echo).port}"\n'
    site = '[site."a.test"]\nhsts = "1y"\n'
    running = door(f'listen = ["127.0.0.1:0"]\ntrust = ["127.0.0.1"]\n{routes}{site}')
    for fields, is_said in ((HTTPS, True), (HTTP, False)):
        answer = ask(running, fields | PAGE)
        assert answer.status_code == 200
        assert ("strict-transport-security" in answer.headers) is is_said
