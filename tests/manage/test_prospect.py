"""What can be said of a configuration before anything is touched."""

import gc
from pathlib import Path

import pytest

from porch.config.handover import unpack
from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded
from porch.config.steps import complete
from porch.manage.columns import COLUMNS, Columns
from porch.manage.parcel import unwrapped
from porch.manage.prospect import UNCHANGED, Prospect, Refusal, compared, examined
from porch.shared import SharedTable

GOOD = '[routes]\n"*" = "a:1"\n'


def columns() -> Columns:
    return Columns(SharedTable(2, COLUMNS))


def of(file: Path, *watched: Path) -> Prospect | Refusal:
    return examined(lambda: load(file), watched, columns())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "porch.toml"
    found.write_text(GOOD)
    return found


def test_a_good_one_is_checked_and_packed(file: Path) -> None:
    found = of(file)
    assert isinstance(found, Prospect)
    assert found.candidate.routes == 1
    _, *pieces = unwrapped(found.parcel.descriptor)
    assert found.columns == 1
    assert [each.key for each in complete(unpack(pieces)).routes] == ["*"]
    assert [*found.stamps] == [file]


def test_a_bad_one_has_the_words_of_check_and_its_files_are_watched(file: Path) -> None:
    file.write_text(GOOD + "helth = 1\n")
    found = of(file)
    assert isinstance(found, Refusal)
    assert "porch.toml:3" in found.text
    assert UNCHANGED in found.text
    assert found.stamps is not None
    assert [*found.stamps] == [file]


def test_a_file_written_while_it_is_read_is_seen_as_changed_afterwards(file: Path) -> None:
    def slow() -> Loaded:
        loaded = load(file)
        file.write_text(GOOD + '"b.test" = "b:1"\n')
        return loaded

    found = examined(slow, [file], columns())
    assert isinstance(found, Prospect)
    after = of(file)
    assert isinstance(after, Prospect)
    assert found.stamps != after.stamps


def test_one_that_is_not_known_any_more_is_refused_and_the_files_stay_as_they_are() -> None:
    def gone() -> Loaded:
        raise LookupError("configuration 1234 cannot be loaded again")

    assert examined(gone, (), columns()) == Refusal(
        text=f"configuration 1234 cannot be loaded again\n{UNCHANGED}", stamps=None
    )


def test_what_is_no_plain_data_is_refused_by_name() -> None:
    loaded = load_mapping({"routes": {"*": "a:1"}})
    loaded.contents[Path("x.pem")] = lambda: b""  # type: ignore[assignment]
    found = examined(lambda: loaded, (), columns())
    assert isinstance(found, Refusal)
    assert found.text.startswith("x.pem cannot be handed to the workers")


def test_what_would_change_is_said_in_words(file: Path) -> None:
    running = load(file)
    assert compared(running, lambda: load(file)) == ["nothing changes"]
    file.write_text(GOOD + '"b.test" = "b:1"\n')
    (line,) = compared(running, lambda: load(file))  # type: ignore[misc]
    assert "b.test" in line
    file.write_text("[routes")
    assert isinstance(compared(running, lambda: load(file)), Refusal)


@pytest.mark.parametrize("text", [GOOD, GOOD + "helth = 1\n"], ids=["good", "bad"])
def test_it_leaves_no_cycles_which_would_be_kept_for_ever(file: Path, text: str) -> None:
    """See errand.py."""
    file.write_text(text)
    of(file)  # what is made once in a process
    gc.collect()
    gc.disable()
    try:
        of(file)
        assert gc.collect() == 0
    finally:
        gc.enable()
