"""Why a file is not served: each with its word and the way out (see errors.PorchError)."""

from porch.errors import PorchError

__all__ = [
    "FileChanged",
    "FileDenied",
    "FileMethod",
    "FileUnreadable",
    "LinkDenied",
    "NoFile",
    "RootGone",
]


class NoFile(PorchError):
    """There is nothing of this name, or nothing that may be known of."""

    word = "no-file"
    status = 404
    source = "client"
    sentence = "There is no file for this path."


class FileDenied(PorchError):
    """It is there, and may not be served."""

    word = "file-denied"
    status = 403
    source = "client"
    sentence = "The door may not serve this file; the rights of it and its folders say to whom."


class LinkDenied(FileDenied):
    """A symbolic link that is not followed."""

    sentence = "A symbolic link is not followed here; files.links says which are."


class FileMethod(PorchError):
    """Files are read, and nothing else."""

    word = "http_request_denied"
    status = 405
    source = "client"
    sentence = "Files can only be read, with GET or HEAD."
    allow = b"GET, HEAD, OPTIONS"


class FileUnreadable(PorchError):
    """The system could not give it."""

    word = "file-unreadable"
    status = 500
    sentence = "The file cannot be read; the detail has the system's own words."


class RootGone(FileUnreadable):
    """The folder of the route is not there any more, or cannot be entered."""

    word = "files-root-gone"
    sentence = "The folder of this route cannot be opened; put it back, or correct `to`."


class FileChanged(PorchError):
    """It ends before the size that the system told. What was promised cannot be kept."""

    word = "file-changed"
    status = 500
    sentence = "The file ended before its size, as one that is written anew; replace it with mv."
