// What others know a container by. Knows nothing of Sextant, so that it is tested like any other module.

/** Memory of a container as docker takes it; undefined leaves it without limit. */
export function memory(settings) {
  const memory = settings.memory ?? undefined;
  if (memory !== undefined && typeof memory !== 'string') throw new Error('is no string');
  return memory;
}

/** As every subcommand expects it: the role's prefix, then the version. */
export function containerName(prefix, version) {
  return `${prefix}-${version}`;
}

/** What the proxy is told beside the container: the hosts first. */
export function routeOptions(hosts, tls, further) {
  return [...hosts.map((host) => ['host', host]), ...(tls ? [['tls', undefined]] : []), ...further];
}
