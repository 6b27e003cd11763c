"""What is changed by the admin door of a real door: what waits, who leaves, who knows a token."""

import hashlib
import http.client
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

from tests.e2e.conftest import echo
from tests.e2e.test_admin_door import ANN, BOB, Steered, steered

__all__ = ["steered"]

PEEK = '''\
import gc
import os
import threading


def peek(exchange):
    """Writes down how many objects of this process have the secret. It is said backwards, so that
    the question is none of them. In a thread: a worker that stands still is replaced."""
    asked = exchange.request.target.rpartition(b"/")[2]
    threading.Thread(target=look, args=(asked,), daemon=True).start()


def look(asked):
    wanted = asked[::-1]
    count = looked = 0
    gc.unfreeze()
    rest = gc.get_objects()
    known = {{id(each): each for each in rest}}
    while rest:  # those too that the collector has no need to know
        fresh = {{id(each): each for each in gc.get_referents(*rest) if id(each) not in known}}
        known.update(fresh)
        rest = [*fresh.values()]
    for each in known.values():
        if isinstance(each, str):
            each = each.encode("utf-8", "replace")
        if isinstance(each, (bytes, bytearray)):
            looked += 1
            count += wanted in each and each is not wanted
    with open("{file}.new", "w") as file:
        file.write(f"{{count}} of {{looked}}")
    os.rename("{file}.new", "{file}")
'''


def test_no_worker_has_a_token_in_its_memory_whether_it_was_forked_or_told(
    steered: Steered, client: Any, origin: Any, tmp_path: Path
) -> None:
    """Of a file. The operator's own code looks for it in all that a worker holds."""
    seen, code = tmp_path / "seen", steered.door.folder / "porch_test_peek.py"
    code.write_text(PEEK.format(file=seen))
    text = steered.config().replace("workers = 2", "workers = 1", 1)
    balance = 'balance = "hash py:porch_test_peek:peek"\n[admin]'
    two = f'"*" = ["127.0.0.1:{steered.port}", "127.0.0.1:{origin(echo).port}"]'
    text = text.replace(f'"*" = "127.0.0.1:{steered.port}"', two)
    steered.door.write(text.replace("[admin]", balance))
    assert steered.door.reload() == ""
    assert found(steered, client, seen, "porch_test_peek") > 0, "it finds what is there"
    assert found(steered, client, seen, ANN) == 0, "it was told by a reload"
    (worker,) = [each["pid"] for each in steered.door.ask("status")["workers"]]
    os.kill(worker, signal.SIGKILL)

    def is_followed() -> bool:
        (other,) = steered.door.ask("status")["workers"] or [{"pid": worker, "state": ""}]
        return (other["pid"] != worker, other["state"]) == (True, "serving")

    steered.door.wait_until(is_followed, "its successor")
    assert found(steered, client, seen, "porch_test_peek") > 0
    assert found(steered, client, seen, ANN) == 0, "it was forked"
    assert steered.ask("/v1/status")[0] == 200


def found(steered: Steered, client: Any, seen: Path, word: str) -> int:
    """How many objects of the worker have it."""
    seen.unlink(missing_ok=True)
    connection = client(steered.door)
    connection.send(f"GET /{word[::-1]} HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
    assert connection.read_answer()[0] == 200
    steered.door.wait_until(seen.exists, "the look", 60)
    count, _, looked = seen.read_text().partition(" of ")
    assert int(looked) > 1000
    return int(count)


def test_whoever_leaves_while_a_drain_waits_holds_no_place(steered: Steered, client: Any) -> None:
    """Changes of one who asks are 16 at once: as many have left, and one more is made."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        steered.door.write(steered.config(port=port))
        assert steered.door.reload() == ""
        waits = client(steered.door)
        waits.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        taken, _ = silent.accept()
        with taken:
            for count in (16, 17):  # who closed may still read, for half a second
                while len(drains(steered)) < count:
                    leave_a_drain(steered, {"endpoint": f"127.0.0.1:{port}", "wait": 3600})
                ended = [("drain", "done")] * count
                steered.door.wait_until(lambda: drains(steered) == ended, "the end of them")  # noqa: B023
            assert steered.ask("/v1/undrain", {"endpoint": f"127.0.0.1:{port}"})[0] == 200


def leave_a_drain(steered: Steered, words: dict[str, Any]) -> None:
    known = len(drains(steered))
    connection = http.client.HTTPConnection("127.0.0.1", steered.admin, timeout=10)
    fields = {"Authorization": f"Bearer {ANN}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/drain", json.dumps(words), fields)
    steered.door.wait_until(lambda: len(drains(steered)) > known, "its begin")
    connection.close()


def drains(steered: Steered) -> list[tuple[str, str]]:
    entries = steered.ask("/v1/audit")[1]["entries"]
    return [(each["what"], each["outcome"]) for each in entries if each["what"] == "drain"]


def test_a_certificate_is_renewed_by_who_may_do_all_and_the_audit_has_both_of_them(
    steered: Steered,
) -> None:
    text = steered.config().replace("listen =", 'listen = ["https://127.0.0.1:0"]\n#', 1)
    digest = f"sha256:{hashlib.sha256(BOB.encode()).hexdigest()}"
    tokens = f'{{ ann = "file:{steered.token}", bob = {{ token = "{digest}", role = "operate" }} }}'
    text = text.replace(f'{{ ann = "file:{steered.token}" }}', tokens)
    steered.door.write(text + '"shop.localhost" = "respond:204"\n')
    assert steered.door.reload() == ""
    words = {"host": "shop.localhost", "wait": 60}
    steered.door.wait_until(lambda: steered.ask("/v1/renew", words)[0] == 200, "a first one")
    steered.door.wait_until(
        lambda: steered.ask("/v1/renew", words, token=BOB)[0] == 403, "his being known"
    )
    seen = steered.ask("/v1/status")[2]["ETag"]
    status, answer, _ = steered.ask("/v1/renew", words, If_Match=seen)
    assert (status, answer["renewed"]) == (200, "shop.localhost")
    assert steered.ask("/v1/renew", words, If_Match='"of-long-ago"')[0] == 412
    status, answer, _ = steered.ask("/v1/renew", {"host": "shop.localhost"})
    assert (status, "porch audit tells" in answer["renewing"]) == (202, True)
    steered.door.wait_until(lambda: len(renewals(steered)) >= 3, "its end")
    first, second = renewals(steered)[:2]
    assert first["who"].startswith("ann by token")
    assert first["after"]["certificate"] == second["before"]["certificate"]
    status, answer, _ = steered.ask("/v1/renew", {"host": "other.test"})
    assert (status, "no route is for it" in answer["error"]) == (404, True)


def renewals(steered: Steered) -> list[Any]:
    entries = steered.ask("/v1/audit")[1]["entries"]
    return [each for each in entries if (each["what"], each["outcome"]) == ("renew", "done")]
