// The command that builds. Knows nothing of Sextant, so that it is tested like any other module.

/** The stage of the Dockerfile to build; undefined for the last one. */
export function target(settings) {
  const stage = settings.target ?? undefined;
  if (stage !== undefined && typeof stage !== 'string') throw new Error('is no string');
  return stage;
}

/** The program and its arguments. The label is how hosts know whose image it is. */
export function words(service, image, target) {
  const stage = target === undefined ? [] : ['--target', target];
  return ['docker', 'build', '--label', `service=${service}`, '--tag', image, ...stage, '.'];
}
