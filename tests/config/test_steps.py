"""Work in steps, done at once."""

import pytest

from porch.config.steps import Steps, complete


def counting(log: list[int], most: int) -> Steps[str]:
    for number in range(most):
        log.append(number)
        yield
    return f"{most} done"


def test_all_steps_are_taken_and_the_result_is_theirs() -> None:
    log: list[int] = []
    assert complete(counting(log, 3)) == "3 done"
    assert log == [0, 1, 2]


def test_work_without_a_step_has_a_result_too() -> None:
    assert complete(counting([], 0)) == "0 done"


def test_what_goes_wrong_is_not_hidden() -> None:
    def failing() -> Steps[None]:
        yield
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        complete(failing())
