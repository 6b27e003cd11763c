"""Real workers, forked by a fleet in a child of the test, which stands for the supervisor."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent

PROGRAM = """
import json, os, signal, sys
from porch import clock
from porch.config.load import load_mapping
from porch.manage import ticking, fleet as module, start
from porch.manage.fleet import Fleet
from porch.manage.loop import Loop
from porch.observe.messages import Messages

class Said:
    def __init__(self): self.lines = b""
    def write(self, lines): self.lines += lines
    def close(self): pass

module.LOOK, ticking.AT_REST = 0.05, 0.25
module.STACK_TIME = 0.2
words = {"listen": ["127.0.0.1:0"], "routes": {"*": "respond:204"}, "log": False, "grace": "1s"}
in_force = start.start(lambda: load_mapping(words), None, None, print)
loop, said = Loop(), Said()
fleet = Fleet(loop, Messages(said), in_force.table, in_force.equip, lambda slot: loop.close())
fleet.counters = lambda: in_force.columns.counters
loop.on_signal(signal.SIGCHLD, fleet.reap)

def until(true, seconds=10):
    end = clock.monotonic() + seconds
    def look():
        if true() or clock.monotonic() > end: loop.stop()
        else: loop.after(0.01, look)
    loop.after(0, look)
    loop.run()
    assert true(), said.lines

def ready(count):
    until(lambda: len(fleet.serving) == count and all(each.is_ready for each in fleet.serving))

def tell(**facts):
    print(json.dumps(facts | {"said": said.lines.decode()}))

in_force.listening.widen(3)
try:
{body}
finally:
    fleet.stop(); fleet.stop()
    until(lambda: not fleet.all)
    in_force.close()
"""


def run(body: str, grace: str = "1s") -> dict[str, Any]:
    """What the program told at its end."""
    program = PROGRAM.replace("{body}", textwrap.indent(textwrap.dedent(body), "    "))
    program = program.replace('"grace": "1s"', f'"grace": "{grace}"')
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def test_so_many_workers_as_slots_each_with_a_row_of_its_own() -> None:
    found = run("""
        fleet.resize(2); ready(2)
        rows = sorted(each.row for each in fleet.serving)
        tell(rows=rows, slots=[each.slot for each in fleet.slots])
    """)
    assert found["rows"] == [1, 2]
    assert found["slots"] == [0, 1]


def test_a_killed_worker_has_a_successor_in_its_slot_and_what_it_counted_stays() -> None:
    found = run("""
        module.YOUNG = 0.0
        fleet.resize(2); ready(2)
        from porch.manage.columns import REQUESTS_HERE
        first = fleet.slots[0]
        in_force.table.rows[first.row][REQUESTS_HERE] = 7
        first.kill()
        until(lambda: fleet.slots[0] not in (None, first)); ready(2)
        tell(total=in_force.table.total(REQUESTS_HERE), old=first.pid, new=fleet.slots[0].pid)
    """)
    assert found["total"] == 7
    assert found["new"] != found["old"]
    assert f"worker {found['old']} was killed by SIGKILL" in found["said"]


def test_who_dies_at_once_is_tried_again_ever_later_and_the_reason_is_told_once() -> None:
    found = run("""
        module.LONGEST_PAUSE = 0.4
        fleet.resize(1); ready(1)
        for _ in range(4):
            old = fleet.slots[0]
            old.kill()
            until(lambda: fleet.slots[0] not in (None, old)); ready(1)
        tell(deaths=fleet._deaths[0])
    """)
    assert found["deaths"] == 4
    assert found["said"].count("soon after its start") == 1


def test_a_worker_that_hangs_is_named_with_its_stack_and_replaced() -> None:
    found = run("""
        from porch.manage import worker
        from porch import clock as clocks
        flag = sys.argv  # the fork has its own copy of everything
        original = worker.Worker._tick
        def tick(self, late):
            if self._tally._row[0] == 3: clocks.sleep(30)
            return original(self, late)
        worker.Worker._tick = tick
        module.YOUNG = 0.0
        fleet.resize(1); ready(1)
        first = fleet.slots[0]
        worker.Worker._tick = original
        until(lambda: fleet.slots[0] not in (None, first), 15); ready(1)
        tell(pid=first.pid)
    """)
    assert f"worker {found['pid']} has hung" in found["said"]
    assert "in tick" in found["said"]


def test_a_worker_that_hangs_before_it_serves_is_named_and_replaced_too() -> None:
    found = run("""
        from porch import clock as clocks
        from porch.manage import worker
        module.STARTS_WITHIN = 20
        module.YOUNG = 0.0
        original = worker.Worker.serve
        async def serve(self): clocks.sleep(30)
        worker.Worker.serve = serve
        fleet.resize(1)
        first = fleet.slots[0]
        worker.Worker.serve = original
        until(lambda: fleet.slots[0] not in (None, first)); ready(1)
        tell(pid=first.pid)
    """)
    assert f"worker {found['pid']} has hung for 1" in found["said"]
    assert "in serve" in found["said"]


def test_a_worker_that_is_told_to_end_has_a_successor_before_it_has_ended() -> None:
    found = run(
        """
        import socket
        from porch.manage.columns import CONNECTIONS
        fleet.resize(3); ready(3)
        port = int(in_force.listening.names[0].rpartition(":")[2])
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n")  # the worker waits for the rest
        def its():
            return [e for e in fleet.serving if in_force.table.rows[e.row][CONNECTIONS]]
        until(its)
        first, = its()
        first.kill(signal.SIGTERM)
        until(lambda: first in fleet.leaving); ready(3)
        still = first in fleet.leaving
        client.sendall(b"\\r\\n")
        answer = client.recv(100).decode()
        tell(still=still, pid=first.pid, answer=answer)
    """,
        grace="20s",
    )
    assert found["still"]
    assert found["answer"].startswith("HTTP/1.1 204")
    assert f"worker {found['pid']} was told to end; a new one takes its place" in found["said"]


def test_one_that_hangs_while_it_leaves_is_killed_when_its_time_is_over() -> None:
    found = run("""
        import socket
        fleet.resize(2); ready(2)
        last = fleet.slots[1]
        last.kill(signal.SIGSTOP)
        fleet.resize(1)
        fleet.kill_late(0.3)
        there = last in fleet.leaving
        until(lambda: not fleet.leaving)
        tell(there=there)
    """)
    assert found["there"]


def test_a_fault_is_told_with_its_traceback_and_its_death_is_not_told_again() -> None:
    found = run("""
        from porch.manage import worker
        heard = []
        fleet.on_message = lambda process, message: heard.append((message.word, str(message.data)))
        original = worker.Worker.serve
        async def serve(self): raise TypeError("not today")
        worker.Worker.serve = serve
        fleet.resize(1)
        until(lambda: fleet._deaths.get(0, 0) == 3)
        worker.Worker.serve = original
        ready(1)
        tell(words=[word for word, _ in heard], text=heard[0][1])
    """)
    assert found["words"][:3] == ["failed"] * 3
    assert found["text"].startswith("Traceback")
    assert found["text"].endswith("TypeError: not today")
    assert "soon after its start" not in found["said"]


def test_a_slot_less_has_its_worker_finish() -> None:
    found = run("""
        fleet.resize(3); ready(3)
        fleet.resize(1)
        until(lambda: len(fleet.all) == 1)
        tell(slots=len(fleet.slots))
    """)
    assert found["slots"] == 1


def test_while_it_holds_nobody_is_forked() -> None:
    found = run("""
        module.YOUNG = 0.0
        fleet.resize(1); ready(1)
        fleet.hold(holds=True)
        fleet.slots[0].kill()
        until(lambda: fleet.slots[0] is None)
        held = fleet.slots[0] is None
        fleet.hold(holds=False); ready(1)
        tell(held=held)
    """)
    assert found["held"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_of_a_terminal_do_nothing_to_a_worker(number: int) -> None:
    found = run(f"""
        fleet.resize(1); ready(1)
        first = fleet.slots[0]
        first.kill({int(number)})
        before = in_force.table.rows[first.row][0]
        until(lambda: in_force.table.rows[first.row][0] > before + 1)
        tell(same=fleet.slots[0] is first)
    """)
    assert found["same"]


def test_ports_are_free_when_it_is_over() -> None:
    found = run("""
        fleet.resize(2); ready(2)
        tell(port=in_force.listening.names[0].rpartition(":")[2])
    """)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(found["port"]))) != 0


def test_a_worker_that_sends_what_is_no_message_is_ended_and_replaced() -> None:
    found = run("""
        module.YOUNG = 0.0
        from porch.manage.worker import Worker
        send = Worker._send
        def evil(self, word, data=None):
            send(self, word, data)
            if word == "ready":
                self._channel._sock.send(bytes([0, 0, 0, 1, 0, 0, 7]))
        Worker._send = evil
        fleet.resize(1)
        first = fleet.slots[0].pid
        Worker._send = send
        until(lambda: fleet.slots[0] and fleet.slots[0].pid != first); ready(1)
        tell(first=first)
    """)
    said = found["said"]
    assert f"worker {found['first']} is ended: what it sends is no message of a worker's" in said
    assert "was killed" not in said, "why it ended was told"


def test_the_sockets_of_a_slot_that_stays_without_a_worker_are_lent_by_one_timer() -> None:
    """Each failure once began another: after an hour without memory there were hundreds."""
    found = run("""
        def full(*_): raise OSError(11, "Resource temporarily unavailable")
        module.fork, module.FIRST_PAUSE, module.LONGEST_PAUSE, module.ALONE = full, 0.01, 0.01, 0.01
        lent = []
        fleet._lend_once = lambda slot: lent.append(clock.monotonic())
        module.LEND = 0.3
        fleet.resize(1)
        until(lambda: len(fleet._waiting) and len(lent) > 20)
        pending = [each for _, _, each in loop._timers if each.work is not None]
        tell(pending=len(pending))
    """)
    assert found["pending"] <= 4, "two looks of the fleet's, the next try, and one to lend"


def test_a_fault_at_the_last_word_of_a_worker_leaves_no_slot_without_one() -> None:
    found = run("""
        from porch.manage.worker import Worker
        module.YOUNG = 0.0
        send = Worker._send
        def last(self, word, data=None):
            send(self, "odd", None)
            os._exit(0)
        Worker._send = last
        fleet.resize(1)
        first = fleet.slots[0].pid
        Worker._send = send
        def odd(process, message):
            if message.word == "odd": raise ValueError("what is this?")
        fleet.on_message = odd
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        faults = []
        try: fleet.reap()
        except ValueError as error: faults.append(str(error))
        until(lambda: fleet.slots[0] and fleet.slots[0].pid != first); ready(1)
        tell(faults=faults)
    """)
    assert found["faults"] == ["what is this?"]


def test_a_message_that_meets_a_fault_loses_none_of_those_behind_it() -> None:
    found = run("""
        import socket
        from porch.manage.worker import Worker
        send = Worker._send
        def both(self, word, data=None):
            send(self, "odd", None)
            send(self, word, data)
        Worker._send = both
        def odd(process, message):
            if message.word == "odd": raise ValueError("what is this?")
        fleet.on_message, loop.on_fault = odd, fleet._messages.fault
        fleet.resize(1)
        Worker._send = send
        sock = fleet.slots[0].channel._sock
        def has_come():
            try: return b"ready" in sock.recv(4096, socket.MSG_PEEK)
            except BlockingIOError: return False
        while not has_come(): clock.sleep(0.01)  # so that both are in one read
        ready(1)
        tell()
    """)
    assert "a fault of Porch; the door serves on: ValueError: what is this?" in found["said"]
