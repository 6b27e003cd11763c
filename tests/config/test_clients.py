"""What hosts ask of their clients, from real files."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.config.clients import Asking
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.tls.presented import Kind, Presented

ONE, TWO = trustme.CA(), trustme.CA()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    for name, made in (("one", ONE), ("two", TWO)):
        made.cert_pem.write_to_path(tmp_path / f"{name}.pem")
    (tmp_path / "bad.pem").write_text("nothing")
    return {name: str(tmp_path / f"{name}.pem") for name in ("one", "two", "bad")}


def loaded(sites: dict[str, Any], **words: Any) -> Loaded:
    routes = dict.fromkeys([*sites, "*"], ":1")
    return load_mapping({"routes": routes, "site": sites} | words, "porch.toml")


def asking(of: Loaded) -> Asking:
    found = Asking(of)
    for host in of.sites:
        found.add(host)
    return found


def test_nothing_is_asked_where_nothing_is_said() -> None:
    found = asking(loaded({"a.test": {}, "b.test": {"via": False}}))
    assert found.kind == Kind()
    assert found.kinds == {}
    assert not found.demands
    assert found.files == {}
    assert repr(found) == "<Asking Kind(profile='intermediate') 0 other>"


def test_a_host_may_do_without_http_2() -> None:
    found = asking(loaded({"a.test": {"http2": True}, "b.test": {}}, http2=False))
    assert [found.kinds[host].http2 for host in ("a.test", "b.test")] == [True, False]
    assert not found.kind.http2


def test_a_site_asks_for_itself(files: dict[str, str]) -> None:
    found = asking(loaded({"a.test": {"client_ca": files["one"]}, "b.test": {}}))
    assert found.kinds["a.test"].client_ca == ONE.cert_pem.bytes()
    assert found.kinds["b.test"] is found.kind
    assert [found.demands.of(host) for host in ("a.test", "b.test", "*")] == [
        "required",
        None,
        None,
    ]
    assert [*found.files] == [Path(files["one"])]


def test_several_files_are_believed_together(files: dict[str, str]) -> None:
    found = asking(loaded({"a.test": {"client_ca": [files["one"], files["two"]]}}))
    both = ONE.cert_pem.bytes() + b"\n" + TWO.cert_pem.bytes()
    assert found.kinds["a.test"].client_ca == both


def test_the_top_asks_for_all_but_who_says_otherwise(files: dict[str, str]) -> None:
    sites = {"a.test": {"client_ca": False}, "b.test": {"client_cert": "optional"}, "c.test": {}}
    found = asking(loaded(sites, client_ca=files["one"]))
    hosts = ("a.test", "b.test", "c.test", "d.test", "*")
    wanted = [None, "optional", "required", "required", "required"]
    assert [found.demands.of(host) for host in hosts] == wanted
    presented = Presented({}, kind=found.kind, kinds=found.kinds)
    asks = [presented.kind_of(host).client_ca != b"" for host in hosts]
    assert asks == [False, True, True, True, True]


def test_what_protects_a_wildcard_protects_the_hosts_under_it(files: dict[str, str]) -> None:
    sites = {"*.a.test": {"client_ca": files["one"]}, "x.a.test": {}, "b.test": {}}
    found = asking(loaded(sites))
    presented = Presented({}, kind=found.kind, kinds=found.kinds)
    for host in ("x.a.test", "y.a.test", "y.z.a.test", "*.a.test", "*.z.a.test"):
        assert found.demands.of(host) == "required"
        assert presented.kind_of(host).client_ca == ONE.cert_pem.bytes()
    for host in ("a.test", "b.test", "test", "[::1]", ""):
        assert found.demands.of(host) is None
        assert presented.kind_of(host) == Kind()


def test_a_site_for_any_host_asks_for_all(files: dict[str, str]) -> None:
    found = asking(loaded({"*": {"client_ca": files["one"]}, "a.test": {"client_ca": False}}))
    presented = Presented({}, kind=found.kind, kinds=found.kinds)
    for host in ("*", "b.test", "x.b.test", "[::1]", ""):
        assert found.demands.of(host) == "required"
        assert presented.kind_of(host).client_ca == ONE.cert_pem.bytes()
    assert found.demands.of("a.test") is None
    assert presented.kind_of("a.test") == Kind()


def test_hosts_that_ask_the_same_are_of_one_kind(files: dict[str, str]) -> None:
    sites = {name: {"client_ca": files["one"]} for name in ("a.test", "b.test")}
    found = asking(loaded(sites | {"c.test": {"client_ca": files["one"], "tls_profile": "modern"}}))
    assert found.kinds["a.test"] is found.kinds["b.test"]
    assert found.kinds["c.test"] != found.kinds["a.test"]


def test_a_file_without_authorities_is_a_problem_of_its_place(files: dict[str, str]) -> None:
    of = loaded({"A.test": {"client_ca": [files["one"], files["bad"]]}})
    asking(of)
    assert [each.text for each in of.problems] == [
        f'site."A.test".client_ca: {files["bad"]} is not a PEM file of authorities: '
        "there is no certificate in it, in PEM"
    ]
    of = loaded({}, client_ca=files["bad"])
    asking(of)
    assert [each.text.partition(":")[0] for each in of.problems] == ["client_ca"]


def test_a_file_that_is_gone_was_a_problem_before() -> None:
    of = loaded({}, client_ca="gone.pem")
    before = len(of.problems)
    assert before == 1
    assert asking(of).kind == Kind()
    assert len(of.problems) == before
