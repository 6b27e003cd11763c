"""What "py:module:object" names."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch.manage.named_object import object_named

CODE = """
class Shop:
    def price(self): return 7
    class Inner:
        word = "deep"

NUMBER = 5
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """With a module of the operator's own, which is forgotten afterwards."""
    (tmp_path / "own_shop.py").write_text(CODE)
    (tmp_path / "own_end.py").write_text("raise SystemExit('no credentials')")
    before = [*sys.path]
    yield tmp_path
    sys.path[:] = before
    sys.modules.pop("own_shop", None)


def test_it_is_found_beside_the_configuration_by_a_name_with_dots_too(folder: Path) -> None:
    assert object_named("py:own_shop:NUMBER", folder) == 5
    assert object_named("py:own_shop:Shop.Inner.word", folder) == "deep"
    assert sys.path.count(str(folder)) == 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("py:own_shop", "'py:own_shop' is not py:module:object"),
        ("py::NUMBER", "is not py:module:object"),
        ("py:gone:Shop", "py:gone:Shop cannot be loaded: ModuleNotFoundError"),
        ("py:own_shop:Gone", "cannot be loaded: AttributeError"),
        ("py:own_end:Shop", "cannot be loaded: SystemExit: no credentials"),
    ],
)
def test_what_cannot_be_loaded_is_said(folder: Path, name: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        object_named(name, folder)
