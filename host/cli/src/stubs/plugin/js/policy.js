// The hook: what componentize-js makes the component of.

import { objection } from './rule.js';

export const policy = {
  review(deployment, facts, plan, verdict) {
    const settings = JSON.parse(deployment.settings());
    const reason = objection(plan.hosts().length, settings.at_most);
    if (reason !== undefined) verdict.deny(reason, new Uint32Array());
  },
};
