"""Who comes in by its address, at real doors: lists and places that change beside them."""

import re
from collections.abc import Callable

import httpx

from tests.e2e.conftest import Connection, Door, Origin, echo
from tests.support.mmdb import country, mmdb, write

ASN = "GeoLite2-ASN"
TRUST = 'listen = ["127.0.0.1:0"]\nworkers = 2\ntrust = ["127.0.0.1"]\n'
ROUTES = '[routes]\n"*" = "respond:204"\n'


def status(client: httpx.Client, address: str) -> int:
    return client.get("/", headers={"X-Forwarded-For": address}).status_code


def test_a_list_that_changes_is_in_force_at_once_and_nothing_is_closed(
    door: Callable[..., Door],
) -> None:
    config = TRUST + 'deny = "file:blocked.txt"\n' + ROUTES
    started = door(config, ready=False)
    started.wait_until(lambda: started.process.poll() is not None, "the refusal")
    assert "blocked.txt cannot be read" in started.errors

    blocked = started.folder / "blocked.txt"
    blocked.write_text("192.0.2.1\n")
    again = door(config.replace("blocked.txt", str(blocked)))
    with httpx.Client(base_url=again.url) as client:
        assert (status(client, "192.0.2.1"), status(client, "192.0.2.2")) == (403, 204)
        blocked.write_text("# another one\n192.0.2.0/31\n192.0.2.2\n")
        again.wait_until(lambda: "lists read again" in again.errors, "the new list")
        seen = [status(client, f"192.0.2.{last}") for last in range(4)]
        assert seen == [403, 403, 403, 204]
        blocked.write_text("junk\n")
        again.wait_until(lambda: "lists refused" in again.errors, "the refusal")
        assert "blocked.txt:1: 'junk' is no address or network" in again.errors
        assert (status(client, "192.0.2.2"), status(client, "192.0.2.3")) == (403, 204)
        blocked.unlink()
        blocked.write_text("192.0.2.3\n")
        again.wait_until(lambda: again.errors.count("lists read again") > 1, "the next list")
        assert (status(client, "192.0.2.2"), status(client, "192.0.2.3")) == (204, 403)
    assert len(again.ask("status")["history"]) == 1, "other lists are nothing to go back to"


def test_a_file_of_places_that_changes_is_used_and_a_damaged_one_is_not(
    door: Callable[..., Door],
) -> None:
    first = door(ROUTES)
    file = first.folder / "c.mmdb"
    file.write_bytes(mmdb({"192.0.2.0/24": country("DE")}))
    made = door(TRUST + f'geo = "{file}"\ndeny = "country:DE"\n' + ROUTES)
    with httpx.Client(base_url=made.url) as client:
        assert (status(client, "192.0.2.1"), status(client, "198.51.100.1")) == (403, 204)
        write(file, {"198.51.100.0/24": country("DE")})
        made.wait_until(lambda: "lists read again" in made.errors, "the new file")
        assert (status(client, "192.0.2.1"), status(client, "198.51.100.1")) == (204, 403)
        file.write_bytes(b"cut")
        made.wait_until(lambda: "lists refused" in made.errors, "the refusal")
        assert "no file in MaxMind's format" in made.errors
        assert (status(client, "192.0.2.1"), status(client, "198.51.100.1")) == (204, 403)


def of_system(number: int) -> dict[str, object]:
    """A record of a file of ASNs."""
    return {
        "autonomous_system_number": number,
        "autonomous_system_organization": f"Test {number}",
    }


def test_a_network_comes_in_by_its_number_and_the_origin_hears_of_it(
    door: Callable[..., Door], origin: Callable[..., Origin]
) -> None:
    to = origin(echo)
    folder = door(ROUTES).folder
    asns, countries = folder / "asn.mmdb", folder / "country.mmdb"
    places = {
        "192.0.2.0/24": of_system(64496),
        "198.51.100.0/24": of_system(64497),
        "203.0.113.0/24": of_system(644960),
        "2001:db8:1::/48": of_system(64496),
        "192.0.2.128/25": of_system(64499),
    }
    write(asns, places, ASN)
    write(countries, {"203.0.113.0/24": country("DE")})
    words = f'geo = ["{countries}", "{asns}"]\ngeo_fields = true\n'
    rules = 'allow = ["asn:64496", "asn:64497", "country:DE"]\ndeny = ["asn:64497"]\n'
    made = door(TRUST + words + rules + f'[routes]\n"*" = "127.0.0.1:{to.port}"\n')
    forged = {"X-Client-ASN": "64496", "x_client_asn": "64496"}
    with httpx.Client(base_url=made.url, headers=forged) as client:

        def asks(address: str) -> tuple[int, list[str]]:
            answer = client.get("/", headers={"X-Forwarded-For": address})
            return answer.status_code, re.findall(r"(?im)^x.client.asn: (\d+)", answer.text)

        assert asks("192.0.2.1") == (200, ["64496"])
        assert asks("2001:db8:1::7") == (200, ["64496"])
        assert asks("::ffff:192.0.2.1") == (200, ["64496"]), "IPv4 within IPv6 is IPv4"
        assert asks("203.0.113.1") == (200, ["644960"]), "let in by its country"
        assert asks("198.51.100.1")[0] == 403, "deny goes before allow"
        assert asks("192.0.2.200")[0] == 403, "a network within another is its own"
        assert asks("2001:db8:2::7")[0] == 403, "of no network that is known"
        assert asks("10.0.0.1")[0] == 403
        write(asns, {"2001:db8:2::/48": of_system(64496)}, ASN)
        made.wait_until(lambda: "lists read again" in made.errors, "the new file")
        assert asks("2001:db8:2::7") == (200, ["64496"])
        assert asks("192.0.2.1")[0] == 403


def test_what_is_kept_is_given_to_no_other_country_and_to_nobody_who_may_not_come_in(
    door: Callable[..., Door], origin: Callable[..., Origin]
) -> None:
    def serve(connection: Connection) -> None:
        while True:
            country = re.findall(rb"(?i)x-client-country: (\S+)", connection.read_head())
            said = b",".join(country)
            connection.send(
                b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nVary: X-Client-Country\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(said), said)
            )

    to = origin(serve)
    first = door(ROUTES)
    file = first.folder / "c.mmdb"
    file.write_bytes(mmdb({"192.0.2.0/24": country("DE"), "198.51.100.0/24": country("FR")}))
    words = f'geo = "{file}"\ngeo_fields = true\ncache = true\ndeny = "192.0.2.9"\n'
    made = door(TRUST + words + f'[routes]\n"*" = "127.0.0.1:{to.port}"\n')
    forged = {"X-Client-Country": "US", "x_client_country": "US"}
    with httpx.Client(base_url=made.url, headers=forged) as client:
        seen = []
        for address in ("192.0.2.1", "198.51.100.1", "192.0.2.2", "192.0.2.9"):
            answer = client.get("/", headers={"X-Forwarded-For": address})
            seen.append((answer.status_code, answer.text[:2]))
    assert seen[:3] == [(200, "DE"), (200, "FR"), (200, "DE")]
    assert seen[3][0] == 403
    assert to.received.count(b"GET / ") == 2
