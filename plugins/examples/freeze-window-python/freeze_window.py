"""Days on which nobody deploys. Knows nothing of Sextant, so that it is tested like any other module."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: Subcommands that bring another version to the hosts.
FROZEN = ("setup", "deploy", "redeploy", "rollback", "app boot")


class InvalidSetting(Exception):
    """A setting is wrong: its name, and what is wrong with it."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


@dataclass
class Window:
    """The days and dates, and where they begin: the offset as it is written, and its seconds."""

    days: list[str]
    dates: list[str]
    offset: str
    seconds: int

    @staticmethod
    def of(settings: dict) -> Window:
        """Reads what the project gave under `with:`."""
        days, dates = settings.get("days") or [], settings.get("dates") or []
        for day in days:
            if day not in WEEKDAYS:
                raise InvalidSetting("days", f"has `{day}`, which is none of {', '.join(WEEKDAYS)}")
        for day in dates:
            if not is_date(day):
                raise InvalidSetting("dates", f"has `{day}`, which is no date such as `2026-12-24`")
        offset = settings.get("utc_offset") or "+00:00"
        return Window(days, dates, offset, seconds_of(offset))

    def objection(self, subcommand: str, time: int) -> str | None:
        """Why a subcommand should not run at this time, in seconds since 1970; nothing if it may."""
        today = date(1970, 1, 1) + timedelta(days=(time + self.seconds) // 86_400)
        weekday = WEEKDAYS[today.weekday()]
        if subcommand not in FROZEN:
            return None
        if today.isoformat() in self.dates:
            return f"nobody deploys on {today}"
        if weekday in self.days:
            return f"nobody deploys on a {weekday}, and it is {today} at UTC{self.offset}"
        return None


def is_date(text: str) -> bool:
    """Whether a text is a date as `dates` takes it."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except (TypeError, ValueError):
        return False


def seconds_of(offset: str) -> int:
    """Seconds of an offset such as `+01:00`."""
    match = re.fullmatch(r"([+-])(\d\d):([0-5]\d)", offset)
    if match is None or int(match[2]) > 14:
        raise InvalidSetting("utc_offset", "is no offset such as `+01:00`")
    seconds = int(match[2]) * 3600 + int(match[3]) * 60
    return -seconds if match[1] == "-" else seconds
