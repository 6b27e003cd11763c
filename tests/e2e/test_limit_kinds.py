"""Each way to tell clients apart and each cost, at a door with two workers: five pass, the sixth is
refused, somebody else passes, and a reload changes nothing of it."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.e2e.conftest import PATIENCE, SOURCE, Door
from tests.smuggling.strict import Request
from tests.support.mmdb import country, mmdb
from tests.support.site import Site, written
from tests.support.tokens import SECRET, claims, signed

TOP = """\
listen = ["127.0.0.1:0"]
workers = 2
trust = ["127.0.0.1"]
geo = "places.mmdb"
log = false
[routes]
"client.test" = {{ to = "{to}", limit = "5/h per client" }}
"header.test" = {{ to = "{to}", limit = "5/h per header X-Tenant" }}
"cookie.test" = {{ to = "{to}", limit = "5/h per cookie sid" }}
"query.test" = {{ to = "{to}", limit = "5/h per query user" }}
"country.test" = {{ to = "{to}", limit = "5/h per country" }}
"*.host.test" = {{ to = "{to}", limit = "5/h per host" }}
"all.test" = {{ to = "{to}", limit = "5/h per all" }}
"mine.test" = {{ to = "{to}", limit = "5/h per py:counted:tenant" }}
"raises.test" = {{ to = "{to}", limit = "5/h per py:counted:tenants" }}
"both.test" = {{ to = "{to}", limit = "5/h per client and header X-Tenant" }}
"burst.test" = {{ to = "{to}", limit = {{ rate = "5/h", per = "client", burst = 5 }} }}
"route.test/a" = "{to}"
"route.test/b" = "{to}"
"bytes.test" = {{ to = "{to}", limit = "10KB/h per client" }}
"time.test" = {{ to = "{to}", limit = "250ms/h per client" }}
"field.test" = {{ to = "{to}", limit = {{ rate = "50/h", per = "client", cost = "header:x-c" }} }}
"json.test" = {{ to = "{to}", limit = {{ rate = "50/h", per = "client", cost = "json:total" }} }}
"own.test" = {{ to = "{to}", limit = {{ rate = "50/h", per = "client", cost = "py:counted:ten" }} }}
[site."route.test"]
limit = "5/h per route"
[routes."claim.test"]
to = "{to}"
limit = "5/h per claim org"
auth = {{ jwt = {{ secret = "${{SIGNING}}", audience = "door" }} }}
[routes."key.test"]
to = "{to}"
limit = "5/h per identity"
auth = {{ keys = {{ ann = "sha256:{ann}", bob = "sha256:{bob}" }} }}
"""
COUNTED = """
def tenant(exchange):
    return exchange.request.get(b"x-tenant")

def tenants(exchange):
    return {}["x-tenant"]

def ten(exchange):
    return 10
"""
BODY = json.dumps({"usage": {"total": 10}, "text": "x" * 2100}).encode()
ANN, BOB = "pk_ann-of-this-test", "pk_bob-of-this-test"

Fields = dict[str, str]


def token(who: str, org: str) -> Fields:
    found = signed(SECRET.encode(), "HS256", payload=claims(sub=who, org=org, exp=9999999999))
    return {"Authorization": f"Bearer {found.decode()}"}


def of(address: str, **more: str) -> Fields:
    return {"X-Forwarded-For": address} | {
        name.replace("_", "-"): each for name, each in more.items()
    }


# (URL, fields of one that comes six times, each time said otherwise, and of somebody else)
KINDS: dict[str, tuple[str, list[Fields], tuple[str, Fields]]] = {
    "client": (
        "http://client.test/",
        [of("192.0.2.1"), of("::ffff:192.0.2.1")],
        ("", of("192.0.2.2")),
    ),
    "network of IPv6": (
        "http://client.test/",
        [of(f"2001:db8::{each:x}:1") for each in range(6)],
        ("", of("2001:db8:0:1::1")),
    ),
    "header": (
        "http://header.test/",
        [of("192.0.2.1", X_Tenant="a"), of("192.0.2.2", x_tenant="a")],
        ("", of("192.0.2.1", X_Tenant="b")),
    ),
    "cookie": (
        "http://cookie.test/",
        [of("192.0.2.1", Cookie="sid=a"), of("192.0.2.2", Cookie="x=y; sid=a")],
        ("", of("192.0.2.1", Cookie="sid=b")),
    ),
    "query": (
        "http://query.test/?user=a",
        [of("192.0.2.1")],
        ("http://query.test/?user=b", of("192.0.2.1")),
    ),
    "claim": (
        "http://claim.test/",
        [token("ann", "a"), token("bob", "a")],
        ("", token("ann", "b")),
    ),
    "one of mine that raises": (
        "http://raises.test/",
        [of("192.0.2.1", X_Tenant=each) for each in "ab"],
        ("", of("192.0.2.2")),
    ),
    "identity": (
        "http://key.test/",
        [of("192.0.2.1", X_Api_Key=ANN), of("192.0.2.2", X_Api_Key=ANN)],
        ("", of("192.0.2.1", X_Api_Key=BOB)),
    ),
    "country": (
        "http://country.test/",
        [of("192.0.2.1"), of("192.0.2.9")],
        ("", of("198.51.100.1")),
    ),
    "host": (
        "http://a.host.test/",
        [of("192.0.2.1"), of("192.0.2.2")],
        ("http://b.host.test/", of("192.0.2.1")),
    ),
    "route": (
        "http://route.test/a",
        [of("192.0.2.1"), of("192.0.2.2")],
        ("http://route.test/b", of("192.0.2.1")),
    ),
    "function": (
        "http://mine.test/",
        [of("192.0.2.1", X_Tenant="a"), of("192.0.2.2", X_Tenant="a")],
        ("", of("192.0.2.1", X_Tenant="b")),
    ),
    "two together": (
        "http://both.test/",
        [of("192.0.2.1", X_Tenant="a")],
        ("", of("192.0.2.2", X_Tenant="a")),
    ),
    "burst": ("http://burst.test/", [of("192.0.2.1")], ("", of("192.0.2.2"))),
    "bytes": ("http://bytes.test/", [of("192.0.2.1")], ("", of("192.0.2.2"))),
    "time": ("http://time.test/", [of("192.0.2.1")], ("", of("192.0.2.2"))),
    "field of the answer": ("http://field.test/", [of("192.0.2.1")], ("", of("192.0.2.2"))),
    "tokens": ("http://json.test/", [of("192.0.2.1")], ("", of("192.0.2.2"))),
    "cost of a function": ("http://own.test/", [of("192.0.2.1")], ("", of("192.0.2.2"))),
}


@pytest.fixture
def site() -> Iterator[Site]:
    def answer(request: Request) -> bytes:
        time.sleep(0.05)
        fields = ((b"content-type", b"application/json"), (b"x-c", b"10"))
        return written(request, 200, fields, BODY)

    with Site(answer) as made:
        yield made


def status(door: Door, url: str, fields: Fields) -> int:
    """By a connection of its own, so that either worker may have it."""
    host, _, path = url.removeprefix("http://").partition("/")
    client = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE)
    client.request("GET", f"/{path}", headers=fields | {"Host": host})
    answer = client.getresponse()
    answer.read()
    client.close()
    return answer.status


@pytest.mark.timeout(120)
def test_five_pass_and_the_sixth_waits_however_they_are_told_apart_and_counted(
    door: Callable[..., Door], site: Site, tmp_path: Path
) -> None:
    places = {"192.0.2.0/24": country("DE"), "198.51.100.0/24": country("FR")}
    (tmp_path / "places.mmdb").write_bytes(mmdb(places))
    (tmp_path / "counted.py").write_text(COUNTED, encoding="utf-8")
    digests = {"ann": sha256(ANN.encode()).hexdigest(), "bob": sha256(BOB.encode()).hexdigest()}
    text = TOP.format(to=f"127.0.0.1:{site.port}", **digests)
    text = text.replace('"places.mmdb"', f'"{tmp_path / "places.mmdb"}"')
    environ = {"SIGNING": SECRET, "PYTHONPATH": f"{SOURCE}:{tmp_path}"}
    running = door(text, environ=environ)
    for kind, (url, same, (another, other)) in KINDS.items():
        found = [status(running, url, same[each % len(same)]) for each in range(6)]
        if kind == "time":  # what an origin takes is 50 ms at least
            assert found[0] == 200
            assert found[-1] == 429
        else:
            assert found == [200] * 5 + [429], kind
        assert status(running, another or url, other) == 200, kind
    asked = [status(running, "http://all.test/", of(f"192.0.2.{each}")) for each in range(6)]
    assert asked == [200] * 5 + [429]
    assert running.reload() == ""
    for kind, (url, same, _) in KINDS.items():
        assert status(running, url, same[0]) == 429, kind
