"""Whether a document is of use. The sentences of whole files: golden/contents."""

from pathlib import Path
from typing import Any

from porch.config.load import load_mapping
from porch.config.loaded import Loaded

API = str(Path(__file__).parent.parent / "support" / "api.yaml")


def loaded(**words: Any) -> Loaded:
    return load_mapping({"routes": {"a.test": {"to": ":3000", **words}}})


def test_a_document_is_read_where_it_is_named() -> None:
    found = loaded(openapi=API)
    assert found.ok
    assert len(found.problems) == 2
    assert "PUT /pets/{id}/picture takes image/png" in found.report()
    assert loaded(openapi=False).report() == ""


def test_what_is_broken_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "api.yaml"
    file.write_text("openapi: 3.1.0\npaths: {\n")
    assert f"{file}:3: it is no YAML" in loaded(openapi=str(file)).report()
    assert "does not exist" in loaded(openapi=str(tmp_path / "none")).report()


def test_warnings_of_a_document_are_bounded(tmp_path: Path) -> None:
    file = tmp_path / "api.yaml"
    file.write_text(
        "openapi: 3.1.0\npaths:\n" + "".join(f"  /{n}/{{x}}: {{ get: {{}} }}\n" for n in range(30))
    )
    found = loaded(openapi=str(file))
    assert found.ok
    assert len(found.problems) == 11
    assert "has 20 more of such" in found.report()


def test_a_document_without_an_operation_refuses_all(tmp_path: Path) -> None:
    file = tmp_path / "api.yaml"
    file.write_text("openapi: 3.1.0\npaths: {}\n")
    assert "has no operation; all would be refused" in loaded(openapi=str(file)).report()
