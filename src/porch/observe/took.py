"""How long something took, for a person."""

__all__ = ["took"]


def took(seconds: float) -> str:
    """ "12.1 ms", "3.20 s", "2.5 min"."""
    if seconds < 1:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds:.2f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
