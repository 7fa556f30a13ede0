// The hook: what componentize-js makes the component of.

import { Action, ContainerSpec } from 'sextant:deploy/steps@0.1.1';

import { containerName, memory, routeOptions } from './serving.js';

/** Starts the new container, waits until it serves, stops the old one. */
export const boot = {
  propose(deployment, facts, role, host, start, finish, abort) {
    if (role.assets() !== undefined) throw { tag: 'unsupported', val: 'asset_path' };
    const limit = memoryOf(deployment);
    const name = containerName(role.containerPrefix(), deployment.version());
    if (facts.container(host, name) !== undefined) {
      const token = deployment.token(`replaced ${role.name()} ${host}`, 16);
      const replaced = `${name}_replaced_${token}`;
      start.add(`rename ${name} to ${replaced}`, Action.renameContainer(name, replaced));
    }
    const secrets = Action.writeEnvironmentFile(role.environmentFile(), role.secrets(host));
    start.add('write the secret environment', secrets);
    const created = container(deployment, role, host, name, limit);
    start.add(`start container ${name}`, Action.startContainer(created)).timeLimit(600n);
    start.add(`wait until ${name} serves`, ready(role, name)).timeLimit(role.deployTimeout() + 120n);

    const old = facts.current(host, role.name());
    if (old !== undefined) {
      const stop = Action.stopContainer(old.name(), old.id(), role.stopTimeout());
      finish.add(`stop old container ${old.name()}`, stop).mayFail();
    }

    abort.add(`show the last log lines of ${name}`, Action.showLogs(name)).mayFail();
    const stop = Action.stopContainer(name, undefined, role.stopTimeout());
    abort.add(`stop container ${name}`, stop).mayFail();
  },
};

function memoryOf(deployment) {
  try {
    return memory(JSON.parse(deployment.settings()));
  } catch (wrong) {
    throw { tag: 'invalid-setting', val: ['memory', wrong.message] };
  }
}

/** What ends when the container serves: a route through the proxy, or a wait where no proxy stands before the role. */
function ready(role, name) {
  const proxy = role.proxy();
  if (proxy === undefined) return Action.awaitHealthy(name, role.readinessDelay(), role.deployTimeout());
  const options = routeOptions(proxy.hosts(), proxy.tls(), proxy.options());
  return Action.route(role.containerPrefix(), name, proxy.appPort(), options);
}

function container(deployment, role, host, name, limit) {
  const container = new ContainerSpec(name, deployment.image());
  container.restart(role.restart());
  container.network('kamal');
  container.environment('KAMAL_CONTAINER_NAME', name);
  container.environment('KAMAL_VERSION', deployment.version());
  container.environment('KAMAL_HOST', host);
  for (const [variable, value] of role.environment(host)) container.environment(variable, value);
  container.environmentFile(role.environmentFile());
  const driver = role.logDriver();
  if (driver !== undefined) container.logDriver(driver);
  for (const [option, value] of role.logOptions()) container.logOption(option, value);
  for (const volume of role.volumes()) container.volume(volume);
  container.label('service', deployment.service());
  container.label('role', role.name());
  container.label('destination', deployment.destination());
  for (const [label, value] of role.labels()) container.label(label, value);
  for (const [option, value] of role.options()) container.flag(option, value);
  if (limit !== undefined) container.flag('memory', limit);
  const command = role.command();
  if (command !== undefined) container.command(command);
  return container;
}
