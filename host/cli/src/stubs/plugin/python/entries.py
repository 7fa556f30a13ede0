"""Where `pass` has a secret, and what it prints. Knows nothing of Sextant, so that it is tested like any other module."""

from __future__ import annotations


def entry(folder: str | None, name: str) -> str:
    """Where `pass` has a secret: in the folder that `--from` names."""
    return name if folder is None else f"{folder.rstrip('/')}/{name}"


def value(printed: str) -> str:
    """The first line of what `pass show` prints."""
    return printed.partition("\n")[0].removesuffix("\r")
