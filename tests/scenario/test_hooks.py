"""Hooks: what they may return and raise, and that on_end comes exactly once."""

from collections.abc import Callable
from typing import Any

import pytest

from porch.errors import BodyTooLarge
from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Response, Suspend
from porch.forward.headers import Forwarding
from porch.http.message import Trailers
from porch.serve.respond import Options
from porch.shield.body_limit import BodyLimit
from porch.shield.headers import Changes, RequestHeaders
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"

POST = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n"
PHASES = ["on_request", "on_upstream_request", "on_upstream_response", "on_response"]


class Hook(Filter):
    """Does one thing in one phase. All phases are overridden, so that each is really called."""

    def __init__(self, phase: str, result: object) -> None:
        self._phase = phase
        self._result = result
        self.calls: list[str] = []

    def _do(self, phase: str) -> Any:
        self.calls.append(phase)
        if phase != self._phase:
            return None
        if isinstance(self._result, Exception):
            raise self._result
        return self._result

    def on_request(self, exchange: Exchange) -> Response | Suspend | None:
        result: Response | Suspend | None = self._do("on_request")
        return result

    def on_upstream_request(self, exchange: Exchange) -> None:
        self._do("on_upstream_request")

    def on_upstream_response(self, exchange: Exchange) -> Response | Suspend | None:
        result: Response | Suspend | None = self._do("on_upstream_response")
        return result

    def on_response(self, exchange: Exchange) -> None:
        self._do("on_response")

    def on_request_data(self, exchange: Exchange, data: bytes) -> bytes:
        self._do("on_request_data")
        return data

    def on_end(self, exchange: Exchange) -> None:
        self._do("on_end")


def test_every_phase_is_called_once_and_in_order(scenario: Make) -> None:
    hook = Hook("none", None)
    scenario(filters=[hook]).client(GET).upstream_gets(b"GET /a").upstream(OK).client_gets(200)
    assert hook.calls == [*PHASES, "on_end"]


@pytest.mark.parametrize("phase", PHASES)
def test_a_hook_that_raises_is_reported_and_answered_with_500(scenario: Make, phase: str) -> None:
    hook = Hook(phase, KeyError("a"))
    story = scenario(filters=[hook]).client(GET)
    if phase != "on_request":
        story.upstream_gets(b"GET /a") if phase != "on_upstream_request" else None
    if phase in ("on_upstream_response", "on_response"):
        story.upstream(OK)
    story.client_gets(500, b"proxy_internal_error").client_sees("open").ended(1)
    if phase == "on_response":  # once for the origin's answer, once for the error page
        assert [type(each) for each in story.setup.reports] == [KeyError, KeyError]
        story.setup.reports.clear()
    else:
        story.reported(KeyError)
    assert hook.calls[-1] == "on_end"


@pytest.mark.parametrize("phase", [*PHASES, "on_request_data"])
def test_an_error_of_the_family_is_its_own_answer(scenario: Make, phase: str) -> None:
    hook = Hook(phase, BodyTooLarge("over"))
    story = scenario(filters=[hook]).client(POST + b"abcd")
    if phase in ("on_upstream_response", "on_response"):
        story.upstream_gets(b"POST /up", b"abcd").upstream(OK)
    story.client_gets(413, b"http_request_body_size").ended(1, "http_request_body_size")
    story.setup.reports.clear()


def test_a_data_hook_that_raises_later_ends_the_upload(scenario: Make) -> None:
    hook = Hook("on_request_data", KeyError("a"))
    (
        scenario(filters=[hook])
        .client(POST)
        .upstream_gets(b"POST /up", end=False)
        .client(b"ab")
        .client_gets(500)
        .reported(KeyError)
        .upstream_sees("closed")
        .client(b"cd" + GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
    )


def test_a_trailers_hook_that_raises_ends_the_upload_too(scenario: Make) -> None:
    class Trips(Filter):
        def on_request_trailers(self, exchange: Exchange, trailers: Trailers) -> None:
            raise KeyError("a")

    (
        scenario(filters=[Trips()])
        .client(b"POST /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        .upstream_gets(b"POST /up", end=False)
        .client(b"2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n")
        .client_gets(500)
        .reported(KeyError)
        .upstream_sees("closed")
    )


def test_an_end_hook_that_raises_is_reported_and_the_others_still_run(scenario: Make) -> None:
    hook = Hook("on_end", KeyError("a"))
    last = Hook("none", None)
    (
        scenario(filters=[hook, last])
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .reported(KeyError)
        .client_sees("open")
    )
    assert last.calls[-1] == "on_end"


def test_a_hook_that_raises_at_a_switch_is_500(scenario: Make) -> None:
    (
        scenario(filters=[Hook("on_response", KeyError("a"))])
        .client(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
        .upstream_gets(b"GET /")
        .upstream(b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
        .client_gets(500)
        .upstream_sees("closed")
        .setup.reports.clear()
    )


def test_a_response_answers_at_the_door(scenario: Make) -> None:
    story = scenario(filters=[Hook("on_request", Response(403, ((b"x", b"y"),), b"no"))])
    (
        story.client(GET + GET)
        .client_gets(403, b"no", field=(b"x", b"y"))
        .client_gets(403, b"no", field=(b"server", b"porch"))
        .client_sees("open")
        .ended(2, "")
    )
    assert story.upstreams == []


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_says_no_length(scenario: Make, status: int) -> None:
    (
        scenario(filters=[Hook("on_request", Response(status))])
        .client(GET)
        .client_gets(status, b"", without=b"content-length")
    )


def test_an_answer_at_the_door_to_head_has_its_length_and_no_body(scenario: Make) -> None:
    (
        scenario(filters=[Hook("on_request", Response(200, (), b"hello"))])
        .client(GET.replace(b"GET", b"HEAD"))
        .client_gets(200, b"", bodiless=True, field=(b"content-length", b"5"))
        .client_sees("open")
    )


def test_an_upload_refused_before_its_100_never_starts(scenario: Make) -> None:
    (
        scenario(filters=[BodyLimit(3)])
        .client(POST.replace(b"\r\n\r\n", b"\r\nexpect: 100-continue\r\n\r\n"))
        .client_gets(413, field=(b"connection", b"close"))
        .upstream_gets_nothing()
        .client_sees("half-closed")
    )


def test_a_chunked_upload_is_refused_as_soon_as_it_is_over_the_limit(scenario: Make) -> None:
    (
        scenario(filters=[BodyLimit(3)])
        .client(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n")
        .upstream_gets(b"POST /", b"ab", end=False)
        .client(b"2\r\ncd\r\n")
        .client_gets(413)
        .upstream_gets(body=b"", end=False)
        .upstream_sees("closed")
        .client(b"0\r\n\r\n" + GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
    )


def test_a_suspended_exchange_goes_on_behind_its_hook(scenario: Make) -> None:
    last = Hook("none", None)
    (
        scenario(filters=[Hook("on_request", SUSPEND), last])
        .client(GET)
        .advance(seconds=100)
        .upstream_gets_nothing()
        .client_gets_nothing()
        .resumes()
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
    )
    assert last.calls[0] == "on_request"


def test_a_suspended_exchange_can_be_suspended_again(scenario: Make) -> None:
    (
        scenario(filters=[Hook("on_request", SUSPEND), Hook("on_request", SUSPEND)])
        .client(GET)
        .resumes()
        .upstream_gets_nothing()
        .resumes()
        .upstream_gets(b"GET /a")
    )


def test_a_suspended_exchange_is_answered_by_who_resumes_it(scenario: Make) -> None:
    (
        scenario(filters=[Hook("on_request", SUSPEND)])
        .client(POST + b"ab")
        .resumes(Response(401, (), b"who"))
        .client_gets(401, b"who")
        .client(b"cd")
        .ended(1, "")
        .resumes()
        .client_gets_nothing()
    )


def test_a_body_that_comes_while_suspended_is_held_and_bounded(scenario: Make) -> None:
    (
        scenario(filters=[Hook("on_request", SUSPEND)])
        .client(POST.replace(b"4", b"70000"))
        .client(b"x" * 66_000)
        .client_is_read(False)
        .client(b"x" * 4_000)
        .resumes()
        .client_is_read()
        .upstream_gets(b"POST /up", b"x" * 70_000)
    )


def test_a_client_that_leaves_ends_a_suspended_exchange(scenario: Make) -> None:
    (
        scenario(filters=[Hook("on_request", SUSPEND)])
        .client(GET)
        .client_leaves()
        .ended(1, "client_gone")
        .resumes()
        .upstream_gets_nothing()
    )


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_response_is_answered_in_place_of_the_origin(scenario: Make, is_whole: bool) -> None:
    last = Hook("none", None)
    hook = Hook("on_upstream_response", Response(403, ((b"x", b"y"),), b"no"))
    (
        scenario(filters=[hook, last])
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK if is_whole else OK.replace(b"2\r\n", b"9\r\n"))
        .client_gets(403, b"no", field=(b"x", b"y"))
        .client_sees("open")
        .ended(1, "")
        .upstream_sees("open" if is_whole else "closed")
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(403)
    )
    assert "on_upstream_response" not in last.calls, "the later ones see no answer of the origin"
    assert last.calls.count("on_response") == last.calls.count("on_end") == 2


def test_who_resumes_it_answers_in_place_of_the_origin(scenario: Make) -> None:
    (
        scenario(filters=[Hook("on_upstream_response", SUSPEND)])
        .client(POST + b"ab")
        .upstream_gets(b"POST /up", b"ab", end=False)
        .upstream(OK)
        .client_gets_nothing()
        .client(b"cd")
        .advance(seconds=100)
        .client_gets_nothing()
        .resumes(Response(201, (), b"so"))
        .client_gets(201, b"so")
        .ended(1, "")
    )


def test_a_client_that_leaves_while_another_answers_ends_it(scenario: Make) -> None:
    (
        scenario(filters=[Hook("on_upstream_response", SUSPEND)])
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_leaves()
        .ended(1, "client_gone")
        .resumes(Response(201))
        .client_gets_nothing()
    )


class Retarget(Filter):
    """Changes the head of each attempt."""

    def on_upstream_request(self, exchange: Exchange) -> None:
        assert exchange.outgoing is not None
        exchange.outgoing.target = b"/attempt/%d" % exchange.attempts


def test_each_attempt_has_a_head_of_its_own(scenario: Make) -> None:
    (
        scenario(filters=[Retarget()], endpoints=2)
        .endpoint("refuses")
        .client(GET)
        .upstream_gets(b"GET /attempt/2")
        .upstream(OK)
        .client_gets(200)
    )


def test_a_route_without_a_pool_says_so(scenario: Make) -> None:
    scenario(no_upstream=True).client(GET).client_gets(500).ended(1, "proxy_internal_error")


def test_options_about_the_door_and_max_forwards_are_answered_at_the_door(scenario: Make) -> None:
    options = b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n"
    counted = b"OPTIONS /a HTTP/1.1\r\nhost: x\r\nmax-forwards: %d\r\n\r\n"
    (
        scenario(filters=[Options()])
        .client(options)
        .client_gets(204, b"", without=b"content-length")
        .client(counted % 0)
        .client_gets(204, b"")
        .upstream_gets_nothing()
        .client(counted % 1)
        .upstream_gets(b"OPTIONS /a", field=(b"max-forwards", b"0"))
        .upstream(OK)
        .client_gets(200)
    )


def test_field_changes_of_the_route_hold_for_trusted_clients_too(scenario: Make) -> None:
    changes = RequestHeaders(Changes(set=((b"x-new", b"1"),), remove=frozenset((b"x-old",))))
    for trusts in (None, lambda peer: True):
        (
            scenario(filters=[changes], forwarding=Forwarding(trusts=trusts, via=b""))
            .client(GET.replace(b"\r\n\r\n", b"\r\nx-old: 0\r\nx-keep: 2\r\n\r\n"))
            .upstream_gets(b"GET /a", without=b"x-old", field=(b"x-new", b"1"), end=None)
        )
