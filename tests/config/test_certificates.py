"""The certificates of [site], from real files. How they are served: tests/tls."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.config.certificates import Certificates
from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded
from porch.config.steps import complete
from porch.tls.presented import Kind, Presented
from tests.support.handshake import files

AUTHORITY = trustme.CA()


def site(folder: Path, name: str) -> dict[str, str]:
    """The words of a site with a certificate of its own."""
    made = AUTHORITY.issue_cert(name)
    made.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
    made.private_key_pem.write_to_path(folder / f"{name}.key")
    return {"cert": f"{folder}/{name}.pem", "key": f"{folder}/{name}.key"}


def loaded(sites: dict[str, dict[str, str]]) -> Loaded:
    found = load_mapping({"routes": dict.fromkeys(sites, ":1"), "site": sites}, "porch.toml")
    assert found.ok, found.report()
    return found


def certificates(of: Loaded) -> Certificates:
    return complete(Certificates.loading(of, gets=False))


def test_each_site_with_files_has_its_certificate(tmp_path: Path) -> None:
    sites = {"A.test": site(tmp_path, "a.test"), "b.test": {}, "*.c.test": site(tmp_path, "c.test")}
    found = certificates(loaded(sites))
    assert list(found.presented.by_host) == ["a.test", "*.c.test"]
    names = ["a.test.pem", "a.test.key", "c.test.pem", "c.test.key"]
    assert [file.name for file in found.files] == names


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("a.test", True),
        ("b.test", False),
        ("x.c.test", True),
        ("x.y.c.test", False),
        ("c.test", False),
        ("*.c.test", True),
        ("*.a.test", False),
        ("*", False),
    ],
)
def test_a_wildcard_covers_one_label(host: str, covered: bool) -> None:
    made: dict[str, object] = {"a.test": object(), "*.c.test": object()}
    assert Certificates(Presented(made)).is_given(host) is covered  # type: ignore[arg-type]


def test_files_that_do_not_belong_together_are_a_problem_of_their_site(tmp_path: Path) -> None:
    one, two = site(tmp_path, "a.test"), site(tmp_path, "b.test")
    both = loaded({"A.test": one | {"key": two["key"]}, "b.test": two})
    assert list(certificates(both).presented.by_host) == ["b.test"]
    assert [each.text for each in both.problems] == [
        f'site."A.test".cert: {two["key"]} is not the key of {one["cert"]}'
    ]


def test_files_lie_beside_the_configuration(tmp_path: Path) -> None:
    site(tmp_path, "a.test")
    file = tmp_path / "porch.toml"
    file.write_text(
        '[routes]\n"a.test" = ":1"\n[site."a.test"]\ncert = "a.test.pem"\nkey = "a.test.key"\n'
    )
    found = load(file)
    assert found.ok, found.report()
    assert certificates(found).files == (tmp_path / "a.test.pem", tmp_path / "a.test.key")


def test_one_is_loaded_each_step_and_what_was_read_is_enough(tmp_path: Path) -> None:
    sites = {name: site(tmp_path, name) for name in ("a.test", "b.test")}
    found = loaded(sites)
    before = certificates(found)
    for file in before.files:
        file.unlink()
    assert certificates(found).files == before.files
    assert len([*Certificates.loading(found, gets=False)]) == len(sites)


def reading(words: dict[str, Any]) -> Certificates:
    """Of a whole configuration whose door has an address for HTTPS."""
    found = load_mapping(words, "porch.toml")
    assert found.ok, found.report()
    return complete(Certificates.loading(found, gets=True))


def test_a_host_may_have_an_ecdsa_and_an_rsa_certificate(tmp_path: Path) -> None:
    pairs = [files(tmp_path, "a.test", kind=trustme.KeyType[kind]) for kind in ("ECDSA", "RSA")]
    words = {
        "cert": [str(cert) for cert, _ in pairs],
        "key": [str(key) for _, key in pairs],
    }
    found = reading({"routes": {"a.test": ":1"}, "site": {"a.test": words}})
    (made,) = found.presented.by_host.values()
    assert [(pair.cert_file, pair.key_file) for pair in made.pairs] == pairs
    assert found.files == (*pairs[0], *pairs[1])


def test_folders_serve_the_names_in_them_but_for_those_that_a_site_names(tmp_path: Path) -> None:
    for folder, names in (("one", ("a.test", "*.b.test")), ("two", ("c.test",))):
        (tmp_path / folder).mkdir()
        files(tmp_path / folder, *names)
    own = site(tmp_path, "c.test")
    found = reading(
        {
            "routes": dict.fromkeys(("a.test", "c.test", "x.b.test"), ":1"),
            "certificates": [str(tmp_path / "one"), str(tmp_path / "two")],
            "site": {"c.test": own},
        }
    )
    shown = found.presented.by_host
    assert sorted(shown) == ["*.b.test", "a.test", "c.test"]
    assert str(shown["c.test"].pairs[0].cert_file) == own["cert"]
    assert found.managed == {}


def test_of_two_in_a_folder_for_one_name_the_last_serves(tmp_path: Path) -> None:
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        files(tmp_path / name, "a.test")
    found = reading({"routes": {"a.test": ":1"}, "certificates": str(tmp_path)})
    assert found.presented.by_host["a.test"].pairs[0].cert_file.parent.name == "2"


def test_a_pair_in_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    cert, _ = files(tmp_path, "a.test")
    cert.write_bytes(b"hello")
    found = load_mapping({"routes": {"a.test": ":1"}, "certificates": str(tmp_path)})
    complete(Certificates.loading(found, gets=True))
    (problem,) = found.problems
    assert problem.text.startswith(f"certificates: {cert} is not a PEM file that can be used")


@pytest.mark.parametrize(
    ("routes", "words", "managed"),
    [
        (
            ["a.example", "b.test", "127.0.0.1", "*"],
            {},
            {"a.example": "acme", "b.test": "local", "127.0.0.1": "local"},
        ),
        (["a.example", "b.test"], {"acme": False}, {"b.test": "local"}),
        (["a.example"], {"site": {"a.example": {"cert": False}}}, {}),
        (
            ["a.example"],
            {"site": {"a.example": {"www": "redirect"}}},
            {"a.example": "acme", "www.a.example": "acme"},
        ),
        (["*.a.example", "*.b.test"], {}, {"*.b.test": "local"}),
    ],
)
def test_hosts_without_files_are_managed(
    routes: list[str], words: dict[str, Any], managed: dict[str, str]
) -> None:
    found = reading({"routes": dict.fromkeys(routes, ":1"), **words})
    assert found.managed == managed


def test_without_an_address_for_https_nothing_is_managed() -> None:
    found = load_mapping({"routes": {"a.example": ":1"}})
    assert not complete(Certificates.loading(found, gets=False))


def test_a_host_may_have_a_profile_of_its_own() -> None:
    found = reading(
        {
            "routes": dict.fromkeys(("a.test", "b.test"), ":1"),
            "site": {"a.test": {"tls_profile": "modern"}, "b.test": {}},
        }
    )
    assert found.presented.kind == Kind()
    assert found.presented.kind_of("a.test") == Kind(profile="modern")
    assert found.presented.kind_of("b.test") == Kind()
    assert found.kinds == {Kind(), Kind(profile="modern")}


def test_what_stands_at_the_top_is_for_all_but_those_that_say_otherwise() -> None:
    found = reading(
        {
            "tls_profile": "modern",
            "unknown_name": "refuse",
            "routes": {"a.test": ":1"},
            "site": {"a.test": {"tls_profile": "intermediate"}},
        }
    )
    assert found.presented.refuse_unknown
    assert found.presented.kind == Kind(profile="modern")
    assert found.presented.kinds == {"a.test": Kind()}


def test_files_that_hold_others_now_are_given_to_hosts_that_are_served(tmp_path: Path) -> None:
    found = certificates(loaded({"a.test": site(tmp_path, "a.test")}))
    (before,) = found.presented.by_host.values()
    (tmp_path / "other").mkdir()
    pairs = certificates(loaded({"b.test": site(tmp_path / "other", "b.test")}))
    (fresh,) = pairs.presented.by_host.values()
    found.give({"a.test": fresh.pairs, "gone.test": fresh.pairs})
    assert list(found.presented.by_host) == ["a.test"]
    assert found.presented.by_host["a.test"].digest == fresh.digest != before.digest


def test_what_is_got_on_demand_is_a_certificate_to_come() -> None:
    words = {"routes": {"*": ":1"}, "acme": {"on_demand": "py:shop:ask"}}
    found = load_mapping(words, "porch.toml")
    made = complete(Certificates.loading(found, gets=True))
    assert made.covered is not None
    assert (made.covered("a.example"), bool(made), made.gets) == (True, True, True)
    assert not complete(Certificates.loading(found, gets=False)).gets
    assert found.problems == []


def test_on_demand_without_a_route_for_it_is_told() -> None:
    words = {"routes": {"a.example": ":1"}, "acme": {"on_demand": "py:shop:ask"}}
    found = load_mapping(words, "porch.toml")
    complete(Certificates.loading(found, gets=True))
    assert found.ok
    assert "no route is for hosts that could get one on demand" in found.report()
