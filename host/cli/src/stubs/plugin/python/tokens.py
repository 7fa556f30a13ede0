"""Passwords that live for minutes. Knows nothing of Sextant, so that it is tested like any other module."""

from __future__ import annotations

import json


def address(settings: dict) -> str | None:
    """Where passwords are given out; nothing if the configured one is used."""
    return settings.get("tokens")


def user_and_password(status: int, body: bytes) -> tuple[str, str]:
    """What an answer gives."""
    if status != 200:
        raise ValueError(f"the server answered {status}")
    try:
        token = json.loads(body)
        return token["user"], token["password"]
    except (ValueError, KeyError, TypeError):
        raise ValueError("the answer has no user and password") from None
