"""What is told. Knows nothing of Sextant, so that it is tested like any other module."""

from __future__ import annotations


def sentence(what: str, kind: str, seconds: int, error: str | None) -> str:
    """What happened, in a sentence."""
    if kind == "started":
        return f"{what} begins"
    if error is not None:
        return f"{what} failed after {seconds} s: {error}"
    return f"{what} {kind} after {seconds} s"
