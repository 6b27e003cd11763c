"""Lines written at once, whoever reads them."""

import os

from porch.observe.direct import Direct


def test_lines_are_there_when_the_call_returns() -> None:
    reading, writing = os.pipe()
    Direct(writing).write(b"one\ntwo\n")
    assert os.read(reading, 100) == b"one\ntwo\n"
    os.close(reading)
    os.close(writing)


def test_a_reader_that_takes_nothing_holds_up_nobody() -> None:
    reading, writing = os.pipe()
    direct = Direct(writing)
    for _ in range(100):
        direct.write(b"x" * 4095 + b"\n")
    assert direct.lost > 50
    assert not direct.is_terminal
    os.close(reading)
    direct.write(b"nobody\n")
    os.close(writing)
    direct.write(b"closed\n")
    direct.close()
