"""The hook: what componentize-py makes the component of."""

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.lookup import Command
from wit_world.imports.types import Fault_Failed

import entries


class Secrets(exports.Secrets):
    def needs_programs(self) -> list[str]:
        return ["pass"]

    def needs_variables(self) -> list[str]:
        return []

    def needs_account(self) -> bool:
        return False

    def fetch(self, request, programs) -> list[tuple[str, str | None]]:
        return [(name, find(request.from_(), name, programs)) for name in request.secrets()]


def find(folder: str | None, name: str, programs) -> str:
    entry = entries.entry(folder, name)
    outcome = programs.run(Command(["pass", "show", entry]))
    if outcome.exit() == 127:
        raise Err(Fault_Failed("pass is not installed"))
    if outcome.exit() != 0:
        raise Err(Fault_Failed(f"pass has no entry {entry}"))
    return entries.value(outcome.stdout())
