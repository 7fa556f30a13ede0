import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Window } from './freeze-window.js';

// 2026-01-30T23:30:00Z, a Friday.
const FRIDAY_NIGHT = 1_769_815_800;

function check(settings, expected, subcommand = 'deploy') {
  assert.equal(Window.of(settings).objection(subcommand, FRIDAY_NIGHT), expected);
}

test('days begin where the team is', () => {
  check({}, undefined);
  check({ days: ['fri'] }, 'nobody deploys on a fri, and it is 2026-01-30 at UTC+00:00');
  check({ days: ['fri'], utc_offset: '+01:00' }, undefined);
  check({ days: ['sat'], utc_offset: '+01:00' }, 'nobody deploys on a sat, and it is 2026-01-31 at UTC+01:00');
  check({ dates: ['2026-01-30'] }, 'nobody deploys on 2026-01-30');
  check({ dates: ['2026-01-31'], utc_offset: '-05:30' }, undefined);
});

test('what brings no other version may run', () => {
  check({ days: ['fri'] }, undefined, 'app stop');
});

test('mistakes in settings are told on any day', () => {
  const wrong = (settings, message) => assert.throws(() => Window.of(settings), { message });
  wrong({ days: ['friday'] }, 'days: has `friday`, which is none of mon, tue, wed, thu, fri, sat, sun');
  wrong({ dates: ['24.12.2026'] }, 'dates: has `24.12.2026`, which is no date such as `2026-12-24`');
  wrong({ utc_offset: 'CET' }, 'utc_offset: is no offset such as `+01:00`');
});
