"""A host that is closed, beside a wildcard that is open: no spelling of it, by either version of
HTTP, gets to the origin, however an application reads a host out of what it is told."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.conftest import Client, Door
from tests.smuggling.strict import Request
from tests.support.h2_socket import H2Socket
from tests.support.site import Site, written

CLOSED, OPEN = b"adm.site.test", b"www.site.test"
SPELLINGS = (
    *(CLOSED, b"ADM.Site.TEST", b"adm.site.test.", b"adm.site.test:80", b"adm.site.test.:80"),
    *(b"adm.site.test,www.site.test", b"www.site.test,adm.site.test", b",adm.site.test"),
    *(b"adm.site.test,", b"adm.site.test, www.site.test", b"adm.site.test:80,www.site.test"),
    *(b"adm.site.test\\www.site.test", b"adm.site.test/.site.test", b"adm.site.test?.site.test"),
    *(b"adm.site.test#.site.test", b"adm.site.test@www.site.test", b"www@adm.site.test"),
    *(b"adm%2esite.test", b"%61dm.site.test", b"adm.site.test%00.site.test", b"adm.site.test:"),
    *(b"adm.site.test%2c.site.test", b"adm.site.test\t.site.test", b'"adm.site.test".site.test'),
    *(b"adm\xe3\x80\x82site.test", b"ad\xe2\x84\xb3.site.test", b"adm\xc2\xad.site.test"),
    *(b"[adm.site.test]", b"adm.site.test:80:80", b"adm.site.test:http", b"adm.site.test.."),
)


def as_applications_read_it(request: Request) -> set[bytes]:
    """The hosts that one or the other takes: of Host, or the first (Express, Werkzeug) or the last
    (Rails) of X-Forwarded-Host; without a port and a dot behind it."""
    found = set()
    for name, value in request.fields:
        if name.lower() in (b"host", b"x-forwarded-host"):
            for each in (value, *value.split(b",")):
                found.add(each.strip().lower().partition(b":")[0].rstrip(b"."))
    return found


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(lambda request: written(request, 200, (), b"")) as made:
        yield made


def a_door(door: Callable[..., Door], site: Site, closed: str) -> Door:
    to = f'"127.0.0.1:{site.port}"'
    return door(
        f'listen = ["127.0.0.1:0"]\nh2c = true\nlog = false\n[routes]\n"*.site.test" = {to}\n'
        f'"adm.site.test" = {{ to = {to}, deny = {closed} }}\n'
    )


def by_http_1(running: Door, host: bytes) -> int:
    opened = Client(running)
    try:
        return opened.send(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host).read_answer()[0]
    finally:
        opened.close()


def by_http_2(running: Door, host: bytes) -> None:
    with H2Socket(running.port) as opened:
        number = opened.asks(b"/", authority=host)
        opened.answered(number)


def test_no_spelling_of_a_closed_host_gets_there(door: Callable[..., Door], site: Site) -> None:
    running = a_door(door, site, '["0.0.0.0/0"]')
    for host in SPELLINGS:
        by_http_1(running, host)
        by_http_2(running, host)
    assert [each for each in site.asked if CLOSED in as_applications_read_it(each)] == []
    assert by_http_1(running, OPEN) == 200
    by_http_2(running, OPEN)
    assert [as_applications_read_it(each) for each in site.asked[-2:]] == [{OPEN}] * 2


def test_an_open_one_is_reached_by_some_of_them(door: Callable[..., Door], site: Site) -> None:
    """Else the test above could not fail."""
    running = a_door(door, site, '["192.0.2.1"]')
    for host in SPELLINGS[:5]:
        assert by_http_1(running, host) == 200
        by_http_2(running, host)
    assert sum(CLOSED in as_applications_read_it(each) for each in site.asked) == 10
