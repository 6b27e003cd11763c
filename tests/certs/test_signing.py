"""What is signed here; that openssl takes it is in test_local_ca.py."""

from dataclasses import replace

import pytest
from cryptography import x509

from porch.certs.facts import is_signed_by, read_facts
from porch.certs.names import DOMAINS, NETWORKS
from porch.certs.signing import (
    BACKDATED,
    Authority,
    constraints,
    make_authority,
    make_leaf,
    permitted,
)
from tests.support.hands import Hands

DAY = 86400


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


def test_what_may_be_vouched_for_stands_in_the_root(hands: Hands) -> None:
    more = ["nas", "*.corp.example.", "100.64.0.0/10", "192.0.2.1", "[2001:db8::1]", "localhost"]
    domains, networks = permitted(make_authority(DAY, constraints(more)).certificate)
    assert domains == (*DOMAINS, "nas", "corp.example")
    assert networks[: len(NETWORKS)] == NETWORKS
    assert [str(each) for each in networks[len(NETWORKS) :]] == [
        "100.64.0.0/10",
        "192.0.2.1/32",
        "2001:db8::1/128",
    ]


def test_nothing_outlives_or_is_older_than_who_signed_it(hands: Hands) -> None:
    root = make_authority(10 * DAY, constraints([]))
    between = make_authority(100 * DAY, constraints([]), root)
    leaf = make_leaf(("localhost",), 100 * DAY, between)
    for each in (between.entry, leaf):
        assert each.not_before == root.entry.not_before == hands.wall - BACKDATED
        assert each.not_after == root.entry.not_after == hands.wall + 10 * DAY


def test_each_is_signed_by_the_one_above(hands: Hands) -> None:
    root = make_authority(DAY, constraints([]))
    between = make_authority(DAY, constraints([]), root)
    assert is_signed_by(root.certificate, root.certificate)
    assert is_signed_by(between.certificate, root.certificate)
    leaf = make_leaf(("localhost", "[::1]"), DAY, between)
    facts = read_facts(leaf.chain)
    assert facts.is_in_order
    assert facts.names == leaf.names == ("localhost", "[::1]")
    assert facts.ari_id is not None


def test_only_a_root_may_have_an_authority_below_it(hands: Hands) -> None:
    root = make_authority(DAY, constraints([]))
    between = make_authority(DAY, constraints([]), root)
    found = [
        each.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
        for each in (root, between)
    ]
    assert found == [1, 0]


def test_what_is_kept_is_the_authority_again_if_the_key_is_its_own(hands: Hands) -> None:
    root = make_authority(DAY, constraints([]))
    assert Authority.of(root.entry).certificate == root.certificate
    other = make_authority(DAY, constraints([]))
    with pytest.raises(ValueError, match="its key is another's"):
        Authority.of(replace(root.entry, key=other.entry.key))


def test_what_is_no_name_is_refused(hands: Hands) -> None:
    root = make_authority(DAY, constraints([]))
    with pytest.raises(ValueError, match="is no name for a certificate"):
        make_leaf(("a..b",), DAY, root)
    with pytest.raises(ValueError, match="is no name for a certificate"):
        constraints(["10.0.0.1/8"])
