// The hook `policy`: what componentize-js makes the component of. It asks `freeze-window.js` and says what that says.

import { InvalidSetting, Window } from './freeze-window.js';

export const policy = {
  review(deployment, facts, plan, verdict) {
    let window;
    try {
      window = Window.of(JSON.parse(deployment.settings()));
    } catch (wrong) {
      if (wrong instanceof InvalidSetting) throw { tag: 'invalid-setting', val: [wrong.setting, wrong.reason] };
      throw wrong;
    }
    const reason = window.objection(deployment.subcommand(), Number(deployment.startedAt()));
    if (reason !== undefined) verdict.deny(reason, new Uint32Array());
  },
};
