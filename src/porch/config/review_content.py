"""What the types of words about contents cannot tell: whether a document is of use."""

from porch.config.contents import content_of
from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.review_files import review_file
from porch.config.schema_content import ContentWords

__all__ = ["review_content"]

_MOST = 10
"""Warnings of one document that are told."""


def review_content(loaded: Loaded, words: ContentWords, path: KeyPath) -> None:
    """The words of one table. A document is read as it will be when it is built from."""
    said = words.openapi
    if not said:
        return
    at = (*path, "openapi", "file")
    if not review_file(loaded, said.file, at):
        return
    from porch.shield.openapi import OpenApi
    from porch.shield.openapi_document import DocumentError

    try:
        content = content_of(loaded, words.json_body or None, said, lambda text: None)
    except DocumentError as error:
        line = error.at.removeprefix("line ")
        where = f"{said.file}:{line}" if line != error.at else f"{said.file} {error.at}"
        loaded.add(at, f"{where}: {error.why}")
        return
    if not isinstance(content, OpenApi):
        return
    warnings = content.offer.warnings
    for each in warnings[:_MOST]:
        loaded.add(at, f"{said.file} {each}", warning=True)
    if len(warnings) > _MOST:
        text = f"{said.file} has {len(warnings) - _MOST} more of such"
        loaded.add(at, text, warning=True)
    if not content.offer.size:
        loaded.add(at, f"{said.file} has no operation; all would be refused", warning=True)
