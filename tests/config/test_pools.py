"""What makes pools and clients: one resolver for all of them."""

from porch.clock import Deadlines
from porch.config.pools import clients, pools
from porch.forward.address import Address
from porch.forward.client import HttpClient
from porch.forward.pool import Pool
from porch.forward.proxy_protocol import ByClient
from porch.forward.proxy_protocol_header import header
from porch.http.h1 import HeadLimits


def test_pools_have_the_name_of_their_address_and_share_a_resolver() -> None:
    make = pools()
    one, two = (make(Address(host=f"{n}.test", port=1), Deadlines(), HeadLimits(), 1) for n in "ab")
    assert isinstance(one, Pool)
    assert isinstance(two, Pool)
    assert (one.name, two.name) == ("a.test:1", "b.test:1")
    assert one._dialer._resolver is two._dialer._resolver


def test_where_an_endpoint_is_told_of_clients_each_has_a_pool_of_its_own() -> None:
    made = pools()(Address(host="a", port=1, announces="v2"), Deadlines(), HeadLimits(), 1)
    assert isinstance(made, ByClient)
    own = made._make(b"192.0.2.1")
    assert own._dialer._announcement == header("v2", b"192.0.2.1")


def test_clients_share_a_resolver_and_ask_for_a_host_of_their_own() -> None:
    make = clients()
    one, two = (
        make(Address(host=f"{n}.test", port=80), each) for n, each in (("a", b""), ("b", b"c"))
    )
    assert isinstance(one, HttpClient)
    assert isinstance(two, HttpClient)
    assert (one._authority, two._authority) == (b"a.test", b"c")
    assert one._dialer._resolver is two._dialer._resolver
