"""The hooks: what componentize-py makes the component of."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import network
from wit_world.imports.capability import Refusal_Failed
from wit_world.imports.steps import Action
from wit_world.imports.types import Fault_Failed, Fault_InvalidSetting, Text_Clear, Text_Secret

import tokens


class PreLogin(exports.PreLogin):
    """While planning: proposes the step, and does nothing."""

    def propose(self, deployment, facts, registry, place, steps) -> None:
        server = registry.server()
        if tokens.address(json.loads(deployment.settings())) is not None:
            login = Action.login_with_credentials(server)
        else:
            login = Action.login(server, registry.username(), registry.password())
        steps.add(f"log in to {server or 'Docker Hub'} with PLUGIN-NAME", login).time_limit(60)


class Credentials(exports.Credentials):
    """When such a step is due: fetches user and password."""

    def get(self, deployment, registry) -> tuple[str, str]:
        address = tokens.address(json.loads(deployment.settings()))
        if address is None:
            raise Err(Fault_InvalidSetting(("tokens", "is not set")))
        request = network.Request("GET", Text_Clear(address))
        request.header("authorization", [Text_Clear("Bearer "), Text_Secret("REGISTRY_API_KEY")])
        try:
            answer = network.send(request)
        except Err as refused:
            # What is not granted ends the run by itself; what did not work says why.
            reason = refused.value.value if isinstance(refused.value, Refusal_Failed) else "the request is not allowed"
            raise Err(Fault_Failed(reason))
        try:
            return tokens.user_and_password(answer.status(), answer.body())
        except ValueError as wrong:
            raise Err(Fault_Failed(str(wrong)))
