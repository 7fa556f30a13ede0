"""The hooks: what componentize-py makes the component of."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.steps import Action
from wit_world.imports.types import Fault_InvalidSetting, Whereabouts

import command


class Build(exports.Build):
    def propose(self, deployment, facts, steps) -> Whereabouts:
        try:
            target = command.target(json.loads(deployment.settings()))
        except ValueError as wrong:
            raise Err(Fault_InvalidSetting(("target", str(wrong))))
        image, latest = deployment.image(), deployment.latest_image()
        words = command.words(deployment.service(), image, target)
        steps.add("build the image with PLUGIN-NAME", Action.run(words)).time_limit(1800)
        steps.add(f"name it {latest} too", Action.tag(image, latest)).time_limit(60)
        # The host calls `push` next.
        return Whereabouts.LOCAL


class Push(exports.Push):
    def propose(self, deployment, facts, steps) -> None:
        for name in [deployment.image(), deployment.latest_image()]:
            steps.add(f"push {name}", Action.push(name)).time_limit(1800)
