"""Logging in at a real OpenID provider (npm's oidc-provider), as a browser does."""

import http.client
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import pytest

from tests.e2e.conftest import PATIENCE, Door
from tests.e2e.test_oidc import Browser, age, origin
from tests.support.oidc_provider import install, running
from tests.support.openid import Jar

__all__ = ["origin"]

pytestmark = pytest.mark.system
"""node and npm come from the system: scripts/install-system."""

CLIENT, SECRET = "door", "a-secret+of&the=client:"
CONFIG = """
workers = 2
[routes]
"a.test/open/*" = {{ to = "127.0.0.1:{origin}", auth = false }}
"a.test" = "127.0.0.1:{origin}"

[site."a.test".auth]
require = {{ groups = "ops" }}
fields = {{ X-Groups = "groups", X-Email = "email" }}

[site."a.test".auth.oidc]
issuer = "{issuer}"
client_id = "door"
client_secret = "${{CLIENT_SECRET}}"
scopes = ["openid", "email", "groups", "offline_access"]
parameters = {{ prompt = "consent" }}
renew = "30s"
after_logout = "/open/bye"
{more}
"""


class AtProvider:
    """A browser's part with the provider: its cookies, its forms."""

    def __init__(self) -> None:
        self.jar = Jar()
        self.seen: list[str] = []

    def ask(self, url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, body, and where it leads."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
        fields = {"cookie": str(self.jar), "accept": "text/html"}
        body = None
        if form is not None:
            body = urlencode(form)
            fields["content-type"] = "application/x-www-form-urlencoded"
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("GET" if form is None else "POST", path, body, fields)
        answer = connection.getresponse()
        text = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.jar.take(value)
        location = answer.getheader("location")
        connection.close()
        return answer.status, text, urljoin(url, location) if location else ""

    def log_in(self, url: str, name: str = "ann") -> str:
        """Until it leads back to the door."""
        form: dict[str, str] | None = None
        for _ in range(12):
            status, text, location = self.ask(url, form)
            self.seen.append(f"{status} {urlsplit(url).path}")
            form = None
            if location:
                if urlsplit(location).netloc == "a.test":
                    return location
                url = location
                continue
            action = re.search(r'action="([^"]+)"', text)
            assert status == 200, text
            assert action is not None, text
            prompt = re.search(r'name="prompt" value="(\w+)"', text)
            assert prompt is not None, text
            url = urljoin(url, action[1])
            form = {"prompt": prompt[1], "login": name, "password": "any"}
        raise AssertionError(self.seen)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("provider")
    install(folder)
    return folder


@pytest.fixture
def issuer(installed: Path) -> Iterator[str]:
    redirects = ["http://a.test/.porch/oidc/callback"]
    with running(installed, CLIENT, SECRET, redirects) as found:
        yield found


@pytest.mark.parametrize("more", ["", 'client_auth = "basic"\nuserinfo = true'])
def test_a_person_logs_in_at_a_real_provider_and_out_again(
    door: Callable[..., Door], issuer: str, origin: int, more: str
) -> None:
    text = CONFIG.format(origin=origin, issuer=issuer, more=more)
    found = door(text, environ={"CLIENT_SECRET": SECRET})
    browser, there = Browser(found), AtProvider()
    found.wait_until(lambda: Browser(found).ask("/")[0] == 303, "the provider to be known")
    back = there.log_in(browser.ask("/page?x=1")[2]["location"])
    status, body, fields = browser.follow(back)
    assert (status, fields.get("location")) == (303, "http://a.test/page?x=1"), body
    status, seen, _ = browser.ask("/page?x=1")
    assert status == 200
    assert seen["x-forwarded-user"] == "ann"
    assert seen["x-groups"] == "staff, ops"
    assert seen["x-email"] == "ann@a.test"
    assert "cookie" not in seen
    assert browser.follow(back)[0] == 400, "a login comes back once"

    old = age(browser, due=-1.0)
    status, _, fields = browser.ask("/")
    assert status == 200
    assert "set-cookie" in fields, "renewed"
    assert str(browser.jars["a.test"]) != old
    age(browser, due=-2.0, until=-1.0)
    assert browser.ask("/")[0] == 200, "with the next refresh token"
    assert browser.ask("/", cookie=old)[0] == 200, "the old one, which nobody can use again"

    status, _, fields = browser.ask("/.porch/logout", method="POST", origin="http://a.test")
    assert status == 303
    status, text, _ = there.ask(fields["location"])
    assert status == 200
    assert "logout" in text.lower(), text
    assert browser.ask("/")[0] == 303
    again = there.log_in(browser.ask("/")[2]["location"])
    assert browser.follow(again)[0] == 303
