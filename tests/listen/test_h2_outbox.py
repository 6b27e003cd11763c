"""One connection of an HTTP/2 client: how the requests of one read leave for origins."""

from collections.abc import Callable

from porch.outbox import MOST
from tests.listen.conftest import Make
from tests.support.multiplexed import Multiplexed

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


def begun_at_writes(tale: Multiplexed) -> list[int]:
    """How many requests have begun, of those from now on, at each write to an origin."""
    seen: list[int] = []
    before = tale.door.requests

    def look(write: Callable[[bytes], None]) -> Callable[[bytes], None]:
        def written(data: bytes) -> None:
            seen.append(tale.door.requests - before)
            write(data)

        return written

    for far in tale.upstreams:
        far.transport.write = look(far.transport.write)  # type: ignore[method-assign]
    return seen


def test_requests_of_one_read_go_to_kept_connections_together_and_few_wait_for_each_other(
    story: Make,
) -> None:
    tale = story().connects()
    for _ in range(2):
        seen = begun_at_writes(tale)
        for each in range(MOST + 4):
            tale.opens(b"/%d" % each)
        tale.does(lambda far: None)
        for far in tale.upstreams:
            assert far.transport.arrived.startswith(b"GET /")
            far.transport.arrived.clear()
        tale._do(lambda: [far.transport.feed(OK) for far in tale.upstreams])
    assert seen == [MOST] * MOST + [MOST + 4] * 4


def test_the_only_request_of_a_read_waits_for_nobody(story: Make) -> None:
    tale = story()
    for _ in range(2):
        seen = begun_at_writes(tale)
        number = tale.asks()
        tale.upstream_gets(b"GET /").upstream(OK).answer(number, 200, b"hi")
    assert seen == [1]


def test_a_request_whose_body_is_still_to_come_is_not_overtaken_by_it(story: Make) -> None:
    tale = story()
    for turn in range(2):  # what was released last is taken first
        first = tale.opens(b"/a")
        upload = tale.opens(b"/b", method=b"POST", end=False)
        tale.says(upload, b"body", end=True)
        tale.upstream_gets(b"GET /a", at=turn).upstream_gets(b"POST /b", b"body", at=1 - turn)
        tale._do(lambda: [far.transport.feed(OK) for far in tale.upstreams])
        tale.answer(first, 200, b"hi")
