import assert from 'node:assert/strict';
import { test } from 'node:test';

import { objection } from './rule.js';

test('too many hosts are objected to', () => {
  assert.equal(objection(3, 2), 'it touches 3 hosts, at most 2 are allowed at once');
  assert.equal(objection(2, 2), undefined);
});
