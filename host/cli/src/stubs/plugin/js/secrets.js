// The hook: what componentize-js makes the component of.

import { Command } from 'sextant:deploy/lookup@0.1.1';

import { entry, value } from './entries.js';

export const secrets = {
  needsPrograms: () => ['pass'],
  needsVariables: () => [],
  needsAccount: () => false,
  fetch(request, programs) {
    const folder = request.from();
    return request.secrets().map((name) => [name, find(entry(folder, name), programs)]);
  },
};

function find(place, programs) {
  const outcome = programs.run(new Command(['pass', 'show', place]));
  if (outcome.exit() === 127) throw { tag: 'failed', val: 'pass is not installed' };
  if (outcome.exit() !== 0) throw { tag: 'failed', val: `pass has no entry ${place}` };
  return value(outcome.stdout());
}
