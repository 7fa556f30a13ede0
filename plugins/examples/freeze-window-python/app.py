"""The hook `policy`: what componentize-py makes the component of. It asks `freeze_window` and says what that says."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import deployment, facts, review
from wit_world.imports.types import Fault_InvalidSetting

import freeze_window


class Policy(exports.Policy):
    def review(
        self,
        deployment: deployment.Deployment,
        facts: facts.Facts,
        plan: review.Plan,
        verdict: review.Verdict,
    ) -> None:
        try:
            window = freeze_window.Window.of(json.loads(deployment.settings()))
        except freeze_window.InvalidSetting as wrong:
            raise Err(Fault_InvalidSetting((wrong.name, wrong.reason)))
        reason = window.objection(deployment.subcommand(), deployment.started_at())
        if reason is not None:
            verdict.deny(reason, [])
