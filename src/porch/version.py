"""`porch --version`. Apart and late: importlib.metadata costs 20 ms."""

__all__ = ["installed_version"]


def installed_version() -> str:
    """The version of the installed package."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("porch")
    except PackageNotFoundError:  # a checkout on the path, not installed
        return "0.1.0.dev0"
