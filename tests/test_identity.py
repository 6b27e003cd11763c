"""porch.identity."""

from porch.identity import Identity


def test_an_identity_says_whose_and_by_what() -> None:
    assert repr(Identity("ann", "basic")) == "<Identity ann by basic>"


def test_without_more_it_claims_nothing_and_tells_the_origin_nothing() -> None:
    ann = Identity("ann", "key")
    assert not ann.claims
    assert ann.fields == ()
