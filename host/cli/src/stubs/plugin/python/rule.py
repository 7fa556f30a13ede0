"""The rule. Knows nothing of Sextant, so that it is tested like any other module."""

from __future__ import annotations


def objection(hosts: int, at_most: int) -> str | None:
    """Why a plan that touches so many hosts should not run; nothing if it may."""
    if hosts <= at_most:
        return None
    return f"it touches {hosts} hosts, at most {at_most} are allowed at once"
