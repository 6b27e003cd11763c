"""A process as its supervisor sees it."""

import os
import signal

from porch.manage.process import Process, new_loop


def test_its_stack_is_what_it_has_written_and_its_end_leaves_nothing_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    stacks = os.memfd_create("stacks")
    process = Process(os.getpid(), 1, 2, None, stacks)
    os.write(stacks, b"File x, line 1")
    assert process.stack() == "File x, line 1"
    assert repr(process) == f"<Process {os.getpid()} slot 1 starts>"
    process.close()
    process.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_who_has_ended_does_not_mind_a_signal() -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)
    process = Process(pid, 0, 1, None, -1)
    os.waitpid(pid, 0)
    process.kill(signal.SIGTERM)


def test_its_loop_is_the_fast_one() -> None:
    loop = new_loop()
    loop.close()
    assert type(loop).__module__.startswith("uvloop")
