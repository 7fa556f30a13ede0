"""The hook: what componentize-py makes the component of."""

import json

from wit_world import exports

import rule


class Policy(exports.Policy):
    def review(self, deployment, facts, plan, verdict) -> None:
        settings = json.loads(deployment.settings())
        reason = rule.objection(len(plan.hosts()), settings["at_most"])
        if reason is not None:
            verdict.deny(reason, [])
