"""The hook: what componentize-py makes the component of."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import network
from wit_world.imports.capability import Refusal_Failed
from wit_world.imports.types import Fault_Failed, Text_Clear, Text_Secret

import words


class Notify(exports.Notify):
    def tell(self, deployment, event) -> None:
        what = f"{deployment.subcommand()} of {deployment.service()} {deployment.version()}"
        text = words.sentence(what, event.kind(), event.seconds(), event.error())
        request = network.Request("POST", Text_Secret("WEBHOOK_URL"))
        request.header("content-type", [Text_Clear("application/json")])
        request.body([Text_Clear(json.dumps({"text": text}))])
        try:
            answer = network.send(request)
        except Err as refused:
            reason = refused.value.value if isinstance(refused.value, Refusal_Failed) else "the request is not allowed"
            raise Err(Fault_Failed(reason))
        if answer.status() >= 300:
            raise Err(Fault_Failed(f"the webhook answered {answer.status()}"))
