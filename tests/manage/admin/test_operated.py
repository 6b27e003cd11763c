"""The operations of the control socket at the admin door."""

import asyncio
import json
from typing import Any

import pytest

from porch.manage.admin.described import described
from porch.manage.admin.offer import RANKS
from porch.manage.admin.operated import FILES, needed, operated
from porch.manage.admin.relay import Relay
from porch.manage.control.document import document
from porch.manage.control.operations import OPERATIONS
from tests.support.admin import ANN, DEE, EVE, ROB, Opened, settings

JSON = {"Content-Type": "application/json"}
READ_ONLY = "the admin door is read only (read_only of admin)"


class Far:
    """A supervisor that answers at once, or keeps what it is asked."""

    def __init__(self, *, answers: bool = True, told: Any = None) -> None:
        self.asked: list[Any] = []
        self.left: list[int] = []
        self.refused: list[Any] = []
        self._told = told
        self._answers = answers
        self.relay = Relay(self._send)

    def _send(self, word: str, data: Any) -> None:
        if word == "left":
            self.left.append(data)
            return
        if word == "refused":
            self.refused.append(data)
            return
        self.asked.append(data)
        if self._answers:
            said = data[0], 200, self._told or {"did": data[1]}, '"1-2"'
            asyncio.get_running_loop().call_soon(self.relay.on_operated, *said)


def test_each_is_there_by_its_own_path_and_method_alone() -> None:
    offers = operated(Far().relay)
    assert {(path, *methods) for path, methods in offers.items()} == {
        (each.path.encode(), each.method.encode()) for each in OPERATIONS.values()
    }


LOOKS = "openapi status diff orders audit cache kept recent trace explain totals"
STEERS = "drain undrain weight maintenance canary purge log-level"


def test_who_only_looks_changes_nothing_and_what_is_new_is_for_all_alone() -> None:
    """Written down here once more: what somebody may is not decided by a slip in a table."""
    looks, steers = LOOKS.split(), STEERS.split()
    assert [name for name in looks if OPERATIONS[name].changes] == []
    for name, each in OPERATIONS.items():
        assert needed(each) == (
            "read" if name in looks else "operate" if name in steers else "all"
        ), name
    assert RANKS["all"] > RANKS["operate"] > RANKS["read"]


def test_the_document_is_told_as_it_is_true_here() -> None:
    told = document("1.2.3")
    with Opened(offers=operated(Far(told=told).relay)) as door:
        answer = door.ask("GET", "/v1/openapi.json", token=ANN)
        assert answer.json == described(told)
        assert answer.all("etag") == ['"1-2"']


def test_an_empty_revision_is_refused() -> None:
    far = Far()
    with Opened(offers=operated(far.relay)) as door:
        answer = door.ask("POST", "/v1/reload", JSON | {"If-Match": ""}, b"{}", token=ANN)
        assert (answer.status, "If-Match" in answer.json["error"]) == (400, True)
    assert far.asked == []


def test_an_operation_goes_with_its_words_and_who_asks_and_its_answer_comes_back() -> None:
    far = Far()
    with Opened(offers=operated(far.relay)) as door:
        tagged = JSON | {"If-Match": '"1-1", "1-2"'}
        words = json.dumps({"endpoint": "a:1", "wait": 2}).encode()
        answer = door.ask("POST", "/v1/drain", tagged, words, token=ANN)
        assert (answer.status, answer.json, answer.all("etag")) == (
            200,
            {"did": "drain"},
            ['"1-2"'],
        )
        door.ask("GET", "/v1/trace?id=last-error", token=ANN)
        door.ask("HEAD", "/v1/status", token=ANN)
    who = "ann by token from 127.0.0.1"
    assert [each[1:-1] for each in far.asked] == [
        ("drain", {"endpoint": "a:1", "wait": 2}, who, ('"1-1"', '"1-2"')),
        ("trace", {"id": "last-error"}, who, ()),
        ("status", {}, who, ()),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/drain", b"{", 400),
        ("POST", "/v1/drain", b"[]", 400),
        ("POST", "/v1/drain", b"{}", 400),
        ("POST", "/v1/drain", b'{"endpoint": 1}', 400),
        ("POST", "/v1/drain", b'{"endpoint": "a", "endpoint": "b"}', 400),
        ("POST", "/v1/drain", b'{"endpoint": "a", "wait": NaN}', 400),
        ("POST", "/v1/drain?endpoint=a", b"", 400),
        ("POST", "/v1/drain", b"[" * 100_000, 400),
        ("GET", "/v1/trace", b"", 400),
        ("GET", "/v1/trace?id=a&id=b", b"", 400),
        ("GET", "/v1/trace?id=%zz", b"", 400),
        ("GET", "/v1/trace?id=%ff", b"", 400),
        ("POST", "/v1/purge", b'{"urls": "' + b"x" * (1 << 20) + b'"}', 413),
    ],
)
def test_what_does_not_fit_never_comes_to_the_supervisor(
    method: str, path: str, body: bytes, status: int
) -> None:
    far = Far()
    with Opened(offers=operated(far.relay)) as door:
        answer = door.ask(method, path, JSON if body else {}, body, token=ANN)
        assert (answer.status, far.asked) == (status, [])
        assert answer.json["error"]


def test_no_file_of_the_doors_machine_is_named_from_elsewhere() -> None:
    far = Far()
    with Opened(offers=operated(far.relay)) as door:
        for page, status in (("/etc/shadow", 403), ("", 200)):
            body = json.dumps({"route": "a.test", "on": True, "page": page}).encode()
            answer = door.ask("POST", "/v1/maintenance", JSON, body, token=ANN)
            assert answer.status == status
    assert len(far.asked) == 1
    assert [each[0] for each in far.refused] == ["maintenance"]


def test_who_is_known_and_may_not_is_told_of_for_the_audit() -> None:
    far = Far()
    read_only = settings(read_only=True)
    with Opened(offers=operated(far.relay)) as door:
        for token, method, path in (
            (ROB, "POST", "/v1/stop"),
            (EVE, "GET", "/v1/captured"),
            (EVE, "POST", "/v1/drain"),
            (DEE + "x", "POST", "/v1/stop"),
            ("", "POST", "/v1/stop"),
        ):
            door.ask(method, path, JSON, b"{}" if method == "POST" else b"", token=token)
    with Opened(read_only, offers=operated(far.relay)) as door:
        door.ask("POST", "/v1/stop", JSON, b"{}", token=ANN)
    by = "by token from 127.0.0.1"
    assert far.refused == [
        ("stop", f"rob {by}", "rob has the role read, and this wants all", 1),
        ("captured", f"eve {by}", "eve has the role operate, and this wants all", 1),
        ("stop", f"ann {by}", f"{READ_ONLY}; a command can do it", 1),
    ]


def test_every_word_that_names_a_file_is_known_as_such() -> None:
    words = {
        (each.name, word)
        for each in OPERATIONS.values()
        for word, schema in each.takes.get("properties", {}).items()
        if "a file" in schema.get("description", "")
    }
    assert words == {*FILES.items()}


def test_a_body_over_what_is_held_in_memory_is_read_as_well() -> None:
    far = Far()
    urls = [f"https://a.test/{number:060}" for number in range(5000)]
    with Opened(offers=operated(far.relay)) as door:
        body = json.dumps({"urls": urls}).encode()
        assert len(body) > 300_000
        assert door.ask("POST", "/v1/purge", JSON, body, token=ANN).status == 200
    assert far.asked[0][2] == {"urls": urls}


def test_who_leaves_before_the_answer_holds_no_place_any_more() -> None:
    far = Far(answers=False)
    with Opened(offers=operated(far.relay)) as door:
        with door.connect() as sock:
            head = f"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ANN}"
            sock.sendall(f"{head}\r\n\r\n".encode())
            while not far.asked:
                pass
        door.within(lambda: None)
        while door.within(lambda: door.door._door.running):
            pass
        number = far.asked[0][0]
        assert far.left == [number]
        door.within(lambda: far.relay.on_operated(number, 200, {}, ""))
        assert door.ask("GET", "/v1/state", token=ANN).status == 200
        assert far.left == [number]
        assert "Traceback" not in door.output.text
