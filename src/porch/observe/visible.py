"""Text that is safe to show on a terminal: nothing in it moves the cursor, colours or hides."""

__all__ = ["visible"]


def visible(text: bytes | str) -> str:
    """`text` with whatever is not printable escaped: control characters, bidirectional marks,
    and bytes that are not UTF-8 (b"\\xff" as \\xff). Spaces stay, line feeds do not."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
