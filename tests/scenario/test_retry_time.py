"""How long attempts may take, each and together, and how long repetitions wait for each other."""

from collections.abc import Callable

from porch.config.schema_retry import RetryModel
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


def retry(**words: object) -> RetryModel:
    return RetryModel.model_validate(words)


def test_an_attempt_that_takes_too_long_is_left_for_another_endpoint(scenario: Make) -> None:
    (
        scenario(endpoints=2, retry=retry(each="2s"))
        .client(GET)
        .upstream_gets(b"GET /a")
        .advance(seconds=1.75)
        .dialled(0, at=1)
        .advance(seconds=0.25)
        .upstream_sees("closed", at=0)
        .upstream_gets(b"GET /a", at=1)
        .upstream(OK, at=1)
        .client_gets(200)
        .ended(1, "")
    )


def test_the_last_attempt_goes_on(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=retry(each="2s")).client(GET).upstream_gets(b"GET /a")
    story.advance(seconds=2).upstream_gets(b"GET /a", at=1).advance(seconds=30)
    story.upstream_sees("open").upstream(OK, at=1).client_gets(200)


def test_a_post_is_waited_for(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=retry(each="2s", total="5s")).client(POST)
    story.upstream_gets(b"POST /up", b"ab").advance(seconds=30).dialled(0, at=1)
    story.upstream(OK).client_gets(200)


def test_an_upload_that_is_not_whole_is_not_the_endpoints_fault(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=retry(each="2s"))
    story.client(b"PUT /up HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab")
    story.upstream_gets(b"PUT /up", b"ab", end=False).advance(seconds=3).dialled(0, at=1)
    story.client(b"cd").upstream_gets(body=b"cd").advance(seconds=2.5)
    story.upstream_gets(b"PUT /up", b"abcd", at=1).upstream(OK, at=1).client_gets(200)


def test_an_answer_that_has_begun_takes_its_time(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=retry(each="2s", total="3s")).client(GET)
    story.upstream_gets(b"GET /a").upstream(OK[:-1]).client_gets(200, b"h", end=False)
    story.advance(seconds=30).upstream(b"i").client_gets(body=b"i").dialled(0, at=1)


def test_a_repetition_is_given_up_when_all_of_the_time_is_over(scenario: Make) -> None:
    story = scenario(endpoints=3, retry=retry(total="4s")).client(GET).upstream_gets(b"GET /a")
    story.advance(seconds=1).upstream_eof().upstream_gets(b"GET /a", at=1).advance(seconds=2.75)
    story.client_gets_nothing().advance(seconds=0.5)
    story.client_gets(504, b"http_response_timeout").upstream_sees("closed", at=1)


def test_nothing_is_tried_again_behind_it(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=retry(total="4s")).client(GET).upstream_gets(b"GET /a")
    story.advance(seconds=5).upstream_eof().client_gets(502, b"connection_terminated")
    story.dialled(0, at=1)


def test_the_first_repetition_goes_at_once_and_the_next_one_waits(scenario: Make) -> None:
    story = scenario(endpoints=3, retry=retry(backoff="400ms"))
    story.setup.route.retry._random = lambda: 0.9
    story.client(GET).upstream_gets(b"GET /a").upstream_eof()
    story.upstream_gets(b"GET /a", at=1).upstream_eof(at=1)
    story.advance(seconds=0.25).dialled(0, at=2).advance(seconds=0.25)
    story.upstream_gets(b"GET /a", at=2).upstream(OK, at=2).client_gets(200)


def test_an_endpoint_that_refuses_makes_nobody_wait(scenario: Make) -> None:
    story = scenario(endpoints=3, retry=retry(backoff="10s")).endpoint("refuses")
    story.endpoint("refuses", at=1).client(GET).upstream_gets(b"GET /a").upstream(OK)
    story.client_gets(200)


def test_a_plain_exchange_has_no_timer(scenario: Make) -> None:
    story = scenario(endpoints=2)
    story.client(GET).upstream_gets(b"GET /a").upstream(OK).client_gets(200)
    before = story._loop.counts.get("call_at", 0)
    story.client(GET).upstream_gets(b"GET /a").upstream(OK).client_gets(200)
    assert story._loop.counts.get("call_at", 0) == before
