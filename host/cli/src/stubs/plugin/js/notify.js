// The hook: what componentize-js makes the component of.

import { Request, send } from 'sextant:deploy/network@0.1.1';

import { sentence } from './words.js';

const clear = (val) => ({ tag: 'clear', val });
const secret = (val) => ({ tag: 'secret', val });

export const notify = {
  tell(deployment, event) {
    const what = `${deployment.subcommand()} of ${deployment.service()} ${deployment.version()}`;
    const text = sentence(what, event.kind(), event.seconds(), event.error());
    const request = new Request('POST', secret('WEBHOOK_URL'));
    request.header('content-type', [clear('application/json')]);
    request.body([clear(JSON.stringify({ text }))]);
    let answer;
    try {
      answer = send(request);
    } catch (error) {
      // What is not granted ends the run by itself; what did not work says why.
      const refusal = error.payload ?? error;
      throw { tag: 'failed', val: refusal.tag === 'failed' ? refusal.val : 'the request is not allowed' };
    }
    if (answer.status() >= 300) throw { tag: 'failed', val: `the webhook answered ${answer.status()}` };
  },
};
