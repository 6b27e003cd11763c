"""What is in a folder, as a page."""

import os
from pathlib import Path

import pytest

from porch.serve import listing as module
from porch.serve.listing import MOST, STEP, listing
from tests.support.folder import descriptors, write


def page(folder: Path, path: bytes = b"/x/", **words: bool) -> tuple[str, int]:
    """The page and in how many steps it was made."""
    before = descriptors()
    steps = listing(os.open(folder, os.O_RDONLY | os.O_DIRECTORY), path, **words)
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as over:
            assert descriptors() == before
            body: bytes = over.value
            return body.decode(), count
        count += 1


def test_folders_come_first_and_all_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "z/x"):
        write(tmp_path, name, b"12345")
    text, _ = page(tmp_path)
    places = [text.index(each) for each in ('"../"', '"./z/"', '"./a.txt"', '"./b.txt"')]
    assert places == sorted(places)
    assert "<td>5</td><td>2023-11-14 22:13</td>" in text
    assert "<title>Index of /x/</title>" in text


def test_the_root_has_no_way_up(tmp_path: Path) -> None:
    assert "../" not in page(tmp_path, b"/", is_root=True)[0]


def test_names_are_text_whatever_they_are(tmp_path: Path) -> None:
    for name in (
        "<script>alert(1)<",
        'a"b',
        "javascript:alert(1)",
        "a?b#c%41",
        "new\nline",
        "\u202ex",
    ):
        write(tmp_path, name)
    (tmp_path / os.fsdecode(b"\xff\xfe")).touch()
    text, _ = page(tmp_path, b"/<b>/")
    assert "<script" not in text
    assert "Index of /&lt;b&gt;/" in text
    assert 'href="./a%22b"' in text
    assert 'href="./javascript%3Aalert%281%29"' in text
    assert 'href="./a%3Fb%23c%2541"' in text
    assert 'href="./new%0Aline">new\\nline<' in text
    assert 'href="./%FF%FE">\\xff\\xfe<' in text
    assert "\u202e" not in text


def test_what_is_hidden_is_not_listed_unless_it_is_served(tmp_path: Path) -> None:
    write(tmp_path, ".env")
    assert ".env" not in page(tmp_path)[0]
    assert ".env" in page(tmp_path, hidden=True)[0]


def test_of_links_nothing_is_told_and_what_is_no_file_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/etc/passwd")
    text, _ = page(tmp_path)
    assert "fifo" not in text
    assert '<a href="./link">link</a></td><td></td><td></td>' in text


def test_a_large_folder_is_listed_in_small_steps_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3 * STEP)
    for number in range(3 * STEP + 5):
        (tmp_path / f"{number:05}").touch()
    text, count = page(tmp_path)
    assert text.count('<tr><td><a href="./') == 3 * STEP
    assert f"more than {3 * STEP} entries" in text
    assert count >= 6
    assert MOST == 10_000


def test_a_listing_that_is_given_up_keeps_nothing_open(tmp_path: Path) -> None:
    for number in range(STEP + 1):
        (tmp_path / str(number)).touch()
    before = descriptors()
    steps = listing(os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY), b"/")
    next(steps)
    steps.close()
    assert descriptors() == before


def test_a_date_that_no_calendar_has_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a")
    write(tmp_path, "b")
    first = module._Entry(True, b"a", 1, 1e17)
    second = module._Entry(True, b"b", 1, -1e11)
    monkeypatch.setattr(module, "_looked_at", lambda found, hidden: [first, second])
    text, _ = page(tmp_path)
    assert text.count("<td>1</td><td></td>") == 2


def test_a_name_that_no_path_leads_to_is_not_listed(tmp_path: Path) -> None:
    write(tmp_path, "back\\slash")
    write(tmp_path, "a")
    text, _ = page(tmp_path)
    assert "slash" not in text
    assert '"./a"' in text
