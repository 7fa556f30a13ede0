import assert from 'node:assert/strict';
import { test } from 'node:test';

import { target, words } from './command.js';

test('the image has its name and its label', () => {
  const check = (target, expected) => assert.equal(words('shop', 'acme/shop:v1', target).join(' '), expected);
  check('app', 'docker build --label service=shop --tag acme/shop:v1 --target app .');
  check(undefined, 'docker build --label service=shop --tag acme/shop:v1 .');
});

test('settings may be left out', () => {
  assert.equal(target({}), undefined);
  assert.equal(target({ target: 'app' }), 'app');
});

test('another setting is an error', () => {
  assert.throws(() => target({ target: 2 }), { message: 'is no string' });
});
