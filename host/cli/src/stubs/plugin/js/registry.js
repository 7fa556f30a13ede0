// The hooks: what componentize-js makes the component of.

import { Request, send } from 'sextant:deploy/network@0.1.1';
import { Action } from 'sextant:deploy/steps@0.1.1';

import { address, userAndPassword } from './tokens.js';

const clear = (val) => ({ tag: 'clear', val });
const secret = (val) => ({ tag: 'secret', val });

/** While planning: proposes the step, and does nothing. */
export const preLogin = {
  propose(deployment, facts, registry, place, steps) {
    const server = registry.server();
    const login =
      address(JSON.parse(deployment.settings())) === undefined
        ? Action.login(server, registry.username(), registry.password())
        : Action.loginWithCredentials(server);
    steps.add(`log in to ${server ?? 'Docker Hub'} with PLUGIN-NAME`, login).timeLimit(60n);
  },
};

/** When such a step is due: fetches user and password. */
export const credentials = {
  get(deployment) {
    const tokens = address(JSON.parse(deployment.settings()));
    if (tokens === undefined) throw { tag: 'invalid-setting', val: ['tokens', 'is not set'] };
    const request = new Request('GET', clear(tokens));
    request.header('authorization', [clear('Bearer '), secret('REGISTRY_API_KEY')]);
    let answer;
    try {
      answer = send(request);
    } catch (error) {
      // What is not granted ends the run by itself; what did not work says why.
      const refusal = error.payload ?? error;
      throw { tag: 'failed', val: refusal.tag === 'failed' ? refusal.val : 'the request is not allowed' };
    }
    try {
      return userAndPassword(answer.status(), new TextDecoder().decode(answer.body()));
    } catch (wrong) {
      throw { tag: 'failed', val: wrong.message };
    }
  },
};
