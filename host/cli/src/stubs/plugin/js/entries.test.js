import assert from 'node:assert/strict';
import { test } from 'node:test';

import { entry, value } from './entries.js';

test('entries stand in the folder that is named', () => {
  assert.equal(entry('shop/production/', 'DB_PASSWORD'), 'shop/production/DB_PASSWORD');
  assert.equal(entry(undefined, 'DB_PASSWORD'), 'DB_PASSWORD');
});

test('the first line is the value', () => {
  assert.equal(value('hunter2\nuser: shop\n'), 'hunter2');
  assert.equal(value(''), '');
});
