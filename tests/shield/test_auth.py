"""Ways to show who one is, asked in turn. With what they lead to on sockets: tests/e2e."""

from collections.abc import Callable, Sequence

import pytest

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Response
from porch.forward.headers import Forwarding
from porch.identity import Identity
from porch.shield.auth import TELL_IDENTITY, Authenticate, Judge, Later, Verdict
from porch.shield.auth_claims import Requirement
from porch.shield.auth_errors import CannotTell, NotAllowed, Unauthorized
from tests.cache.conftest import cached  # noqa: F401
from tests.scenario.conftest import scenario  # noqa: F401
from tests.support.cached import Cached
from tests.support.scenario import Scenario

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n%b\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
FORWARDING = Forwarding(via=b"", withheld=frozenset((b"x-forwarded-user", b"x-key")))
ANN = Judge([], {b"x-forwarded-user": "user"}).judge("ann", "test", {})

Make = Callable[..., Scenario]


class Says:
    """A way that gives these verdicts, one after another, and the last for ever."""

    def __init__(self, *verdicts: Verdict | Later, challenge: bytes = b"") -> None:
        self._verdicts = list(verdicts)
        self.challenge = challenge
        self.asked = 0

    def identify(self, exchange: Exchange) -> Verdict | Later:
        self.asked += 1
        return self._verdicts.pop(0) if len(self._verdicts) > 1 else self._verdicts[0]


class Named:
    """A way that believes x-key."""

    challenge = b"Test"

    def identify(self, exchange: Exchange) -> Verdict:
        name = exchange.request.get(b"x-key")
        judge = Judge([], {b"x-forwarded-user": "user"})
        return None if name is None else judge.judge(name.decode(), "test", {})


def let_in(*ways: Says | Named) -> list[Authenticate | object]:
    return [Authenticate(ways)]


def test_whom_a_way_knows_comes_in_and_the_origin_is_told(scenario: Make) -> None:  # noqa: F811
    story = scenario(filters=[Authenticate([Says(ANN)])], forwarding=FORWARDING)
    story.setup.route.plan = _telling(story)
    story.client(GET % b"").upstream_gets(b"GET /a", field=(b"x-forwarded-user", b"ann"))
    story.upstream(OK).client_gets(200, b"hi")
    assert story.latest.identity is ANN


def _telling(story: Scenario) -> object:
    """The plan with what tells the origin behind all others, as a configuration has it."""
    plan = story.setup.route.plan
    plan.on_upstream_request = (*plan.on_upstream_request, TELL_IDENTITY.on_upstream_request)
    return plan


def test_who_shows_nothing_is_asked_for_what_there_is(scenario: Make) -> None:  # noqa: F811
    ways = [Says(None, challenge=b'Basic realm="x"'), Says(None, challenge=b"Bearer")]
    story = scenario(filters=[Authenticate(ways)])
    story.client(GET % b"").client_gets(401).ended(1, "http_request_denied")
    error = story.latest.error
    assert isinstance(error, Unauthorized)
    assert [value for _, value in error.fields] == [b'Basic realm="x"', b"Bearer"]
    story.upstream_gets_nothing()


def test_where_no_field_could_help_it_is_no_401(scenario: Make) -> None:  # noqa: F811
    scenario(filters=[Authenticate([Says(None)])]).client(GET % b"").client_gets(403).ended(1)


def test_no_way_at_all_lets_nobody_in(scenario: Make) -> None:  # noqa: F811
    scenario(filters=[Authenticate([])]).client(GET % b"").client_gets(403).ended(1)


REDIRECT = Response(302)


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ([Unauthorized("wrong"), None], 401),
        ([None, CannotTell("away")], 503),
        ([Unauthorized("wrong"), CannotTell("away")], 503),
        ([CannotTell("away"), NotAllowed("may not")], 403),
        ([NotAllowed("may not"), Unauthorized("wrong")], 403),
        ([REDIRECT, Unauthorized("wrong")], 302),
        ([REDIRECT, NotAllowed("may not")], 403),
        ([REDIRECT, CannotTell("away")], 503),
        ([None, REDIRECT], 302),
        ([Unauthorized("wrong"), ANN], 200),
        ([CannotTell("away"), ANN], 200),
        ([NotAllowed("may not"), ANN], 200),
        ([REDIRECT, ANN], 200),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_any_way_suffices_and_else_what_says_most_is_answered(
    scenario: Make,  # noqa: F811
    verdicts: Sequence[Verdict],
    status: int,
    late: bool,
) -> None:
    laters = [Later() for _ in verdicts]
    ways = [Says(each, challenge=b"Test") for each in (laters if late else verdicts)]
    story = scenario(filters=[Authenticate(ways)])
    story.client(GET % b"")
    for later, verdict in zip(laters, verdicts, strict=True) if late else ():
        story.client_gets_nothing()
        story._do(lambda later=later, verdict=verdict: later.tell(verdict))  # type: ignore[misc]
    if status == 200:
        story.upstream_gets(b"GET /a").upstream(OK)
    story.client_gets(status)


def test_a_verdict_for_who_has_left_is_of_no_use(scenario: Make) -> None:  # noqa: F811
    later = Later()
    story = scenario(filters=[Authenticate([Says(later)])])
    story.client(GET % b"").client_leaves().ended(1, "client_gone")
    story._do(lambda: later.tell(ANN))
    story.upstream_gets_nothing()
    assert story.latest.identity is None


@pytest.mark.parametrize(
    "field",
    [
        b"X-Forwarded-User: admin",
        b"x-forwarded-user: admin\r\nX-FORWARDED-USER: root",
        b"X_Forwarded_User: admin",
        b"X-Forwarded_User: admin",
        b"X.Forwarded.User: admin",
        b"X~Forwarded!User: admin",
    ],
)
@pytest.mark.parametrize("underscores", [False, True])
def test_nobody_passes_for_another(
    scenario: Make,  # noqa: F811
    field: bytes,
    underscores: bool,
) -> None:
    forwarding = Forwarding(via=b"", withheld=FORWARDING.withheld, underscores=underscores)
    story = scenario(filters=[Authenticate([Says(ANN)])], forwarding=forwarding)
    story.setup.route.plan = _telling(story)
    story.client(GET % (field + b"\r\n"))
    story.upstream_gets(b"GET /a", field=(b"x-forwarded-user", b"ann"))
    story.upstream(OK).client_gets(200)
    outgoing = story.latest.outgoing
    assert outgoing is not None
    alike = [
        name for name, _ in outgoing.fields if name.translate(None, b"-_.~!") == b"xforwardeduser"
    ]
    assert alike == [b"x-forwarded-user"]


def test_nor_does_one_whose_words_are_believed(scenario: Make) -> None:  # noqa: F811
    forwarding = Forwarding(via=b"", withheld=FORWARDING.withheld, trusts=lambda _: True)
    story = scenario(forwarding=forwarding)
    story.client(GET % b"X-Forwarded-User: admin\r\nX-Key: k\r\n")
    story.upstream_gets(b"GET /a", without=b"x-forwarded-user").upstream(OK).client_gets(200)
    assert story.latest.outgoing is not None
    assert story.latest.outgoing.get(b"x-key") is None


CHUNKED = b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
BEHIND = b"0\r\nx-forwarded-user: admin\r\nx-key: k\r\nx.key: k\r\nx-sum: 7\r\n\r\n"


@pytest.mark.parametrize("at_once", [True, False])
def test_nobody_says_it_behind_the_body(scenario: Make, at_once: bool) -> None:  # noqa: F811
    story = scenario(forwarding=FORWARDING)
    if at_once:
        story.client(CHUNKED + BEHIND).upstream_gets(b"POST /a", trailers=[(b"x-sum", b"7")])
    else:
        story.client(CHUNKED).upstream_gets(b"POST /a", end=False)
        story.client(BEHIND).upstream_gets(body=b"", trailers=[(b"x-sum", b"7")])
    story.upstream(OK).client_gets(200)


# --- the cache ------------------------------------------------------------------------------------


MakeCached = Callable[..., Cached]
MINE = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 3\r\n\r\n"
OURS = b"HTTP/1.1 200 OK\r\ncache-control: public, max-age=60\r\ncontent-length: 3\r\n\r\n"


def personal(cached: MakeCached, tells_who: bool = True) -> Cached:  # noqa: F811
    from porch.cache.policy import Policy

    return cached(
        filters=[Authenticate([Named()])],
        behind=[TELL_IDENTITY],
        policy=Policy(tells_who=tells_who),
    )


def asks(story: Cached, name: bytes) -> Cached:
    return story.client(GET % b"X-Key: %b\r\n" % name)  # type: ignore[return-value]


@pytest.mark.parametrize("more", [b"", b", must-revalidate"])
def test_what_is_said_to_one_is_not_given_to_another(
    cached: MakeCached,  # noqa: F811
    more: bytes,
) -> None:
    story, mine = personal(cached), MINE.replace(b"max-age=60", b"max-age=60" + more)
    for name in (b"ann", b"bob", b"ann"):
        asks(story, name).upstream_gets(b"GET /a", field=(b"x-forwarded-user", name))
        story.upstream(mine + name).client_gets(200, name)


def test_nor_to_one_who_asks_at_the_same_time(cached: MakeCached) -> None:  # noqa: F811
    story = personal(cached)
    asks(story, b"ann")
    story.connects()
    asks(story, b"bob")
    story.upstream_gets(b"GET /a", field=(b"x-forwarded-user", b"ann")).upstream(MINE + b"ann")
    story.client_gets(200, b"ann", at=0).client_gets_nothing()
    story.upstream_gets(b"GET /a", field=(b"x-forwarded-user", b"bob")).upstream(MINE + b"bob")
    story.client_gets(200, b"bob")


def test_what_the_origin_calls_public_is_given_to_all_who_are_let_in(
    cached: MakeCached,  # noqa: F811
) -> None:
    story = personal(cached)
    asks(story, b"ann").upstream_gets(b"GET /a").upstream(OURS + b"all").client_gets(200, b"all")
    asks(story, b"bob").client_gets(200, b"all")
    story.client(GET % b"").client_gets(401)
    story.upstream_gets_nothing()


def test_where_the_origin_is_told_nothing_all_get_the_same(
    cached: MakeCached,  # noqa: F811
) -> None:
    story = personal(cached, tells_who=False)
    asks(story, b"ann").upstream_gets(b"GET /a").upstream(MINE + b"all").client_gets(200, b"all")
    asks(story, b"bob").client_gets(200, b"all")
    story.client(GET % b"").client_gets(401)


# --- whom it takes for somebody -----------------------------------------------------------------


def test_a_judge_says_who_it_is_and_what_the_origin_hears() -> None:
    judge = Judge([Requirement("groups", ["ops"])], {b"x-user": "user", b"x-groups": "groups"})
    found = judge.judge("ann", "jwt", {"groups": ["ops", "x"]})
    assert isinstance(found, Identity)
    assert (found.name, found.kind) == ("ann", "jwt")
    assert found.fields == ((b"x-user", b"ann"), (b"x-groups", b"ops, x"))


def test_and_whom_it_does_not_let_in() -> None:
    judge = Judge([Requirement("groups", ["ops"])], {})
    found = judge.judge("ann", "jwt", {"groups": ["x"]})
    assert isinstance(found, NotAllowed)
    assert found.detail == "ann (jwt) lacks groups ops"


@pytest.mark.parametrize("name", ["", "a\r\nb", None, 7, " x"])
def test_somebody_without_a_name_is_nobody(name: object) -> None:
    assert isinstance(Judge([], {}).judge(name, "jwt", {}), PorchError)
