import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sentence } from './words.js';

test('every event is a sentence', () => {
  const check = (kind, error, expected) => assert.equal(sentence('deploy of shop v1', kind, 12, error), expected);
  check('started', undefined, 'deploy of shop v1 begins');
  check('finished', undefined, 'deploy of shop v1 finished after 12 s');
  check('failed', 'no answer', 'deploy of shop v1 failed after 12 s: no answer');
});
