"""What stores agree on."""

from porch.cache.store import Variant


def test_a_variant_is_its_ident_and_what_chose_it():
    one = Variant(b"a", [(b"accept", b"x")], 3.0)
    assert one == Variant(b"a", [(b"accept", b"x")], 3.0)
    assert one != Variant(b"b", [(b"accept", b"x")], 3.0)
