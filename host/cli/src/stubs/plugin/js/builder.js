// The hooks: what componentize-js makes the component of.

import { Action } from 'sextant:deploy/steps@0.1.1';

import { target, words } from './command.js';

export const build = {
  propose(deployment, facts, steps) {
    const [image, latest] = [deployment.image(), deployment.latestImage()];
    const command = words(deployment.service(), image, stage(deployment));
    steps.add('build the image with PLUGIN-NAME', Action.run(command)).timeLimit(1800n);
    steps.add(`name it ${latest} too`, Action.tag(image, latest)).timeLimit(60n);
    // The host calls `push` next.
    return 'local';
  },
};

export const push = {
  propose(deployment, facts, steps) {
    for (const name of [deployment.image(), deployment.latestImage()]) {
      steps.add(`push ${name}`, Action.push(name)).timeLimit(1800n);
    }
  },
};

function stage(deployment) {
  try {
    return target(JSON.parse(deployment.settings()));
  } catch (wrong) {
    throw { tag: 'invalid-setting', val: ['target', wrong.message] };
  }
}
