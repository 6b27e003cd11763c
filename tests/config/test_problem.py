"""How problems are shown."""

import pytest

from porch.config.problem import Problem, render

HELTH = Problem(
    file="porch.toml",
    line=3,
    column=52,
    text="unknown option 'helth' for a route; did you mean 'health'?",
)
DOTTED = Problem(
    file="porch.toml",
    line=5,
    column=1,
    text='[example.com] is read by TOML as example → com; write it under [routes] as "example.com"',
)
CACHE = Problem(
    file="porch.toml",
    line=12,
    column=1,
    severity="warning",
    text="'metrics' is not in this version yet and does nothing",
)


def test_problems_are_shown_a_line_each_with_what_follows_from_them():
    assert render([HELTH, DOTTED], running=True) == (
        "porch.toml:3:52  error  unknown option 'helth' for a route; did you mean 'health'?\n"
        "porch.toml:5:1   error  [example.com] is read by TOML as example → com; "
        'write it under [routes] as "example.com"\n'
        "2 problems; nothing was changed, the running configuration stays."
    )


@pytest.mark.parametrize(
    ("problems", "running", "closing"),
    [
        ([HELTH], False, "1 problem; nothing was changed."),
        ([HELTH], True, "1 problem; nothing was changed, the running configuration stays."),
        ([HELTH, DOTTED], False, "2 problems; nothing was changed."),
        ([HELTH, CACHE], False, "1 problem and 1 warning; nothing was changed."),
        ([HELTH, CACHE, CACHE], False, "1 problem and 2 warnings; nothing was changed."),
    ],
)
def test_the_closing_line_counts_and_says_what_stays(problems, running, closing):
    assert render(problems, running=running).splitlines()[-1] == closing


def test_warnings_alone_close_nothing():
    assert render([CACHE]) == (
        "porch.toml:12:1  warning  'metrics' is not in this version yet and does nothing"
    )


def test_errors_and_warnings_are_aligned():
    assert render([HELTH, CACHE]).splitlines()[:2] == [
        "porch.toml:3:52  error    unknown option 'helth' for a route; did you mean 'health'?",
        "porch.toml:12:1  warning  'metrics' is not in this version yet and does nothing",
    ]


def test_no_problem_is_no_text():
    assert render([]) == ""


def test_a_problem_without_a_place_names_its_file_alone():
    problem = Problem(file="porch.toml", text="the file does not exist")
    assert problem.place == "porch.toml"
    assert HELTH.place == "porch.toml:3:52"


def test_what_a_file_says_cannot_steer_the_terminal_or_fake_a_line():
    problem = Problem(file="p.toml", line=1, column=1, text="unknown 'a\x1b[2J\nb\u202e'")
    shown = render([problem]).splitlines()[0]
    assert shown == "p.toml:1:1  error  unknown 'a\\x1b[2J\\nb\\u202e'"
