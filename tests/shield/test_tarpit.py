"""Slow answers: what they are, and that so many of them and no more are under way."""

from collections.abc import Callable

from porch.shield.block import Block, Rule
from porch.shield.tarpit import _TEXT, LONGEST, Tarpit
from tests.support.scenario import Scenario

GET = b"GET /.env HTTP/1.1\r\nhost: x\r\n\r\n"


def blocking(tarpit: Tarpit) -> Block:
    return Block([Rule("x", 404, path=("env",))], tarpit)


def test_a_byte_comes_a_second_until_all_is_there(scenario: Callable[..., Scenario]) -> None:
    tarpit = Tarpit(2)
    story = scenario(filters=[blocking(tarpit)]).client(GET)
    story.client_gets(404, b"T", end=False, field=(b"content-length", b"%d" % LONGEST))
    assert tarpit.running == 1
    story.advance(1.1).client_gets(body=b"h", end=False)
    story.advance(LONGEST).client_gets().ended(1, "http_request_denied").upstream_gets_nothing()
    assert tarpit.running == 0


def test_all_of_the_rest_comes_at_once_when_the_worker_is_about_to_end(
    scenario: Callable[..., Scenario],
) -> None:
    tarpit = Tarpit(1)
    story = scenario(filters=[blocking(tarpit)]).client(GET)
    story.client_gets(404, b"T", end=False).finishes()
    story.advance(1.1).client_gets(body=_TEXT[1:]).ended(1, "http_request_denied")
    assert tarpit.running == 0


def test_who_comes_when_it_is_full_is_answered_at_once(scenario: Callable[..., Scenario]) -> None:
    tarpit = Tarpit(1)
    story = scenario(filters=[blocking(tarpit)]).client(GET)
    story.client_gets(404, b"T", end=False).connects().client(GET)
    story.client_gets(404, b"http_request_denied").client_leaves(at=0)
    assert tarpit.running == 0
    story.connects().client(GET).client_gets(404, b"T", end=False)
    story.client_leaves()


def test_who_asks_for_a_head_alone_is_too(scenario: Callable[..., Scenario]) -> None:
    tarpit = Tarpit(1)
    story = scenario(filters=[blocking(tarpit)]).client(GET.replace(b"GET", b"HEAD"))
    story.client_gets(404, bodiless=True)
    assert tarpit.running == 0


def test_a_client_that_does_not_read_costs_no_timer(scenario: Callable[..., Scenario]) -> None:
    tarpit = Tarpit(1)
    story = scenario(filters=[blocking(tarpit)]).client(GET)
    story.client_gets(404, b"T", end=False)
    slow = story.recorder.began[0].upstream
    assert slow is not None
    slow.pause_reading()
    story.advance(5).client_gets(body=b"", end=False)
    story._do(slow.resume_reading)
    story.advance(1.1).client_gets(body=b"h", end=False).client_leaves()
    assert tarpit.running == 0


def test_it_describes_itself() -> None:
    assert repr(Tarpit(3)) == "<Tarpit 0 of 3>"
