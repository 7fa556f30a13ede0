"""What others know a container by. Knows nothing of Sextant, so that it is tested like any other module."""

from __future__ import annotations


def memory(settings: dict) -> str | None:
    """Memory of a container as docker takes it; nothing leaves it without limit."""
    memory = settings.get("memory")
    if memory is not None and not isinstance(memory, str):
        raise ValueError("is no string")
    return memory


def container_name(prefix: str, version: str) -> str:
    """As every subcommand expects it: the role's prefix, then the version."""
    return f"{prefix}-{version}"


def route_options(
    hosts: list[str], tls: bool, further: list[tuple[str, str | None]]
) -> list[tuple[str, str | None]]:
    """What the proxy is told beside the container: the hosts first."""
    options = [("host", host) for host in hosts]
    if tls:
        options.append(("tls", None))
    return options + further
