"""What makes pools: one resolver for all of them."""

from porch.clock import Deadlines
from porch.config.pools import pools
from porch.forward.address import Address
from porch.forward.pool import Pool
from porch.http.h1 import HeadLimits


def test_pools_have_the_name_of_their_address_and_share_a_resolver() -> None:
    make = pools()
    one, two = (make(Address(host=f"{n}.test", port=1), Deadlines(), HeadLimits(), 1) for n in "ab")
    assert isinstance(one, Pool)
    assert isinstance(two, Pool)
    assert (one.name, two.name) == ("a.test:1", "b.test:1")
    assert one._dialer._resolver is two._dialer._resolver
