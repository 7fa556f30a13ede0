"""The command that builds. Knows nothing of Sextant, so that it is tested like any other module."""

from __future__ import annotations


def target(settings: dict) -> str | None:
    """The stage of the Dockerfile to build; nothing for the last one."""
    stage = settings.get("target")
    if stage is not None and not isinstance(stage, str):
        raise ValueError("is no string")
    return stage


def words(service: str, image: str, target: str | None) -> list[str]:
    """The program and its arguments. The label is how hosts know whose image it is."""
    stage = [] if target is None else ["--target", target]
    return ["docker", "build", "--label", f"service={service}", "--tag", image, *stage, "."]
