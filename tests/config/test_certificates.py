"""The certificates of [site], from real files. How they are served: tests/tls."""

from pathlib import Path

import pytest
import trustme

from porch.config.certificates import Certificates
from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded
from porch.config.steps import complete
from porch.tls.presented import Presented

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
