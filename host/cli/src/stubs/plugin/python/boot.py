"""The hook: what componentize-py makes the component of."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.steps import Action, ContainerSpec
from wit_world.imports.types import Fault_InvalidSetting, Fault_Unsupported

import serving


class Boot(exports.Boot):
    """Starts the new container, waits until it serves, stops the old one."""

    def propose(self, deployment, facts, role, host, start, finish, abort) -> None:
        if role.assets() is not None:
            raise Err(Fault_Unsupported("asset_path"))
        try:
            memory = serving.memory(json.loads(deployment.settings()))
        except ValueError as wrong:
            raise Err(Fault_InvalidSetting(("memory", str(wrong))))
        name = serving.container_name(role.container_prefix(), deployment.version())
        if facts.container(host, name) is not None:
            token = deployment.token(f"replaced {role.name()} {host}", 16)
            replaced = f"{name}_replaced_{token}"
            start.add(f"rename {name} to {replaced}", Action.rename_container(name, replaced))
        secrets = Action.write_environment_file(role.environment_file(), role.secrets(host))
        start.add("write the secret environment", secrets)
        new = container(deployment, role, host, name, memory)
        start.add(f"start container {name}", Action.start_container(new)).time_limit(600)
        start.add(f"wait until {name} serves", ready(role, name)).time_limit(role.deploy_timeout() + 120)

        old = facts.current(host, role.name())
        if old is not None:
            stop = Action.stop_container(old.name(), old.id(), role.stop_timeout())
            finish.add(f"stop old container {old.name()}", stop).may_fail()

        abort.add(f"show the last log lines of {name}", Action.show_logs(name)).may_fail()
        stop = Action.stop_container(name, None, role.stop_timeout())
        abort.add(f"stop container {name}", stop).may_fail()


def ready(role, name: str) -> Action:
    """What ends when the container serves: a route through the proxy, or a wait where no proxy stands before the role."""
    proxy = role.proxy()
    if proxy is None:
        return Action.await_healthy(name, role.readiness_delay(), role.deploy_timeout())
    options = serving.route_options(proxy.hosts(), proxy.tls(), proxy.options())
    return Action.route(role.container_prefix(), name, proxy.app_port(), options)


def container(deployment, role, host: str, name: str, memory: str | None) -> ContainerSpec:
    container = ContainerSpec(name, deployment.image())
    container.restart(role.restart())
    container.network("kamal")
    container.environment("KAMAL_CONTAINER_NAME", name)
    container.environment("KAMAL_VERSION", deployment.version())
    container.environment("KAMAL_HOST", host)
    for variable, value in role.environment(host):
        container.environment(variable, value)
    container.environment_file(role.environment_file())
    driver = role.log_driver()
    if driver is not None:
        container.log_driver(driver)
    for option, value in role.log_options():
        container.log_option(option, value)
    for volume in role.volumes():
        container.volume(volume)
    container.label("service", deployment.service())
    container.label("role", role.name())
    container.label("destination", deployment.destination())
    for label, value in role.labels():
        container.label(label, value)
    for option, value in role.options():
        container.flag(option, value)
    if memory is not None:
        container.flag("memory", memory)
    command = role.command()
    if command is not None:
        container.command(command)
    return container
