"""Records of a service, as RFC 2782 means them."""

from porch.balance.discover.found import Found
from porch.balance.discover.name_servers import Service
from porch.balance.discover.srv import Services


class Names:
    """Knows these, for 7 seconds."""

    def __init__(self, *services: Service) -> None:
        self.known = [*services]

    async def services(self, name: str) -> tuple[list[Service], float]:
        assert name == "_http._tcp.api.test"
        return self.known, 7.0


def lists(*services: Service, scheme: str = "", every: float = 0.0):
    return Services(Names(*services), scheme, "_http._tcp.api.test", every).endpoints()


def test_weight_and_priority_are_used(looks):
    (found,) = looks.first(1, lists(Service(1, "a.test.", 80, 3), Service(2, "b.test.", 81, 9)))
    assert found == [Found("a.test:80", 3, 1), Found("b.test:81", 9, 2)]


def test_a_weight_of_0_is_a_small_chance_and_not_none(looks):
    (found,) = looks.first(1, lists(Service(1, "a.test.", 80, 0)))
    assert found == [Found("a.test:80", 1, 1)]


def test_a_point_says_that_there_is_no_service(looks):
    assert looks.first(1, lists(Service(0, ".", 0, 0))) == [[]]


def test_it_is_asked_again_when_the_ttl_is_over_or_as_said(looks):
    looks.first(2, lists(Service(1, "a.test.", 80, 3), scheme="https://"))
    looks.first(2, lists(Service(1, "a.test.", 80, 3), every=2.0))
    assert looks.waits == [7.0, 2.0]
