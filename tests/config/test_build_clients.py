"""Which routes ask for a certificate of the client, walked through what is built."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.config.build import Built, build
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.config.rehearse import Rehearsal, rehearse, request_of, shown_in
from porch.config.state import State
from porch.errors import BadRequest
from porch.tls.client_certificate import ClientCertificate

AUTHORITY = trustme.CA()
DEVICE = shown_in(AUTHORITY.issue_cert("device.test").cert_chain_pems[0].bytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("clients")
    AUTHORITY.cert_pem.write_to_path(found / "ca.pem")
    made = AUTHORITY.issue_cert("a.test", "*.a.test")
    made.cert_chain_pems[0].write_to_path(found / "a.pem")
    made.private_key_pem.write_to_path(found / "a.key")
    (found / "a.key").chmod(0o600)
    return found


def loaded(folder: Path, routes: dict[str, Any], **words: Any) -> Loaded:
    pair = {"cert": f"{folder}/a.pem", "key": f"{folder}/a.key"}
    site = {host: pair | each for host, each in words.pop("site", {}).items()}
    listen = [":443", "http://:80"]
    return load_mapping({"listen": listen, "routes": routes, "site": site} | words, "porch.toml")


def built(found: Loaded) -> Built:
    made = build(found, State())
    assert made is not None, found.report()
    return made


def asked(made: Built, url: str, shown: ClientCertificate | None = None) -> Rehearsal:
    return rehearse(made, request_of("GET", url, []), b"192.0.2.1", shown)


def statuses(made: Built, *urls: str) -> list[tuple[int, int]]:
    """Without a certificate and with one; 0 is forwarded."""
    return [(asked(made, url).status, asked(made, url, DEVICE).status) for url in urls]


def test_a_host_asks_and_a_route_of_it_may_ask_less(folder: Path) -> None:
    routes = {
        "a.test": ":1",
        "a.test/open/*": {"to": ":1", "client_cert": "optional"},
        "b.test": ":1",
    }
    site = {"a.test": {"client_ca": f"{folder}/ca.pem"}}
    made = built(loaded(folder, routes, site=site))
    urls = ("https://a.test/", "https://a.test/open/", "https://b.test/")
    assert statuses(made, *urls) == [(403, 0), (0, 0), (0, 0)]
    assert asked(made, "http://a.test/").status == 308
    with pytest.raises(BadRequest, match="two ways"):
        made.settings.router.find(request_of("GET", "https://a.test/open/%2e%2e/x", []), b"")


def test_a_host_may_ask_less_and_a_route_of_it_more(folder: Path) -> None:
    routes = {"a.test": ":1", "a.test/shut/*": {"to": ":1", "client_cert": "required"}}
    site = {"a.test": {"client_ca": f"{folder}/ca.pem", "client_cert": "optional"}}
    made = built(loaded(folder, routes, site=site))
    assert statuses(made, "https://a.test/", "https://a.test/shut/x") == [(0, 0), (403, 0)]


def test_the_origin_is_told_on_routes_of_hosts_that_ask(folder: Path) -> None:
    routes = {"a.test": {"to": ":1", "client_cert": "optional"}, "b.test": ":1"}
    site = {"a.test": {"client_ca": f"{folder}/ca.pem"}}
    made = built(loaded(folder, routes, site=site))

    def told(url: str, shown: ClientCertificate | None) -> bytes | None:
        sent = asked(made, url, shown).sent
        assert sent is not None
        return sent.get(b"client-cert")

    assert told("https://a.test/", DEVICE) == DEVICE.field
    assert told("https://a.test/", None) is None
    assert told("https://b.test/", DEVICE) is None


def test_a_route_may_take_the_field_out_again(folder: Path) -> None:
    headers = {"request": {"Client-Cert": False}}
    found = loaded(
        folder, {"a.test": {"to": ":1", "headers": headers}}, client_ca=f"{folder}/ca.pem"
    )
    sent = asked(built(found), "https://a.test/", DEVICE).sent
    assert sent is not None
    assert sent.get(b"client-cert") is None


def test_on_a_route_for_any_host_each_host_has_its_say(folder: Path) -> None:
    site = {"a.test": {"client_ca": f"{folder}/ca.pem"}}
    routes = {"*": ":1", "a.test/x": ":2", "*/shut": {"to": ":1", "client_cert": "required"}}
    made = built(loaded(folder, routes, site=site))
    urls = ("https://a.test/x", "https://a.test/y", "https://b.test/y", "https://a.test:8443/y")
    assert statuses(made, *urls) == [(403, 0), (403, 0), (0, 0), (403, 0)]
    assert statuses(made, "https://b.test/shut") == [(403, 403)]
    assert asked(made, "http://a.test/y").status == 403


def test_what_a_wildcard_asks_holds_for_the_routes_under_it(folder: Path) -> None:
    site = {"*.a.test": {"client_ca": f"{folder}/ca.pem"}}
    routes = {"*.a.test": ":1", "x.a.test": ":1", "b.test": ":1"}
    made = built(loaded(folder, routes, site=site))
    urls = ("https://x.a.test/", "https://y.a.test/", "https://b.test/")
    assert statuses(made, *urls) == [(403, 0), (403, 0), (0, 0)]


def test_answers_of_the_door_are_behind_it_too(folder: Path) -> None:
    routes = {"a.test": "respond:204", "b.test": "redirect:https://a.test"}
    made = built(loaded(folder, routes, client_ca=f"{folder}/ca.pem"))
    assert statuses(made, "https://a.test/", "https://b.test/") == [(403, 204), (403, 308)]


def test_routes_differ_by_what_a_certificate_says(folder: Path) -> None:
    table = [
        {"to": "respond:201", "when": {"client_cert": {"san": "device.test"}}},
        {"to": "respond:202", "client_cert": "optional"},
    ]
    made = built(loaded(folder, {"a.test": table}, client_ca=f"{folder}/ca.pem"))
    assert statuses(made, "https://a.test/") == [(202, 201)]


def test_the_authorities_are_watched(folder: Path) -> None:
    made = built(loaded(folder, {"a.test": ":1"}, client_ca=f"{folder}/ca.pem"))
    assert folder / "ca.pem" in made.files
    assert {kind.client_ca for kind in made.certificates.kinds} == {AUTHORITY.cert_pem.bytes()}


def test_where_nobody_speaks_https_nobody_can_come(folder: Path) -> None:
    found = loaded(folder, {"a.test": ":1"}, client_ca=f"{folder}/ca.pem", listen="http://:80")
    built(found)
    assert [each.text for each in found.problems] == [
        "listen: no address speaks HTTPS, so that no client can show a certificate (client_ca)"
    ]
    assert found.problems[0].severity == "warning"


def test_a_configuration_without_has_no_hook_for_it(folder: Path) -> None:
    made = built(loaded(folder, {"a.test": ":1"}, site={"a.test": {}}))
    (entry,) = made.entries
    hooks = (*entry.route.plan.on_request, *entry.route.plan.on_upstream_request)
    assert not [each for each in hooks if "Certificate" in type(each.__self__).__name__]  # type: ignore[attr-defined]
