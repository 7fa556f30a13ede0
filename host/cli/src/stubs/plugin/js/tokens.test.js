import assert from 'node:assert/strict';
import { test } from 'node:test';

import { address, userAndPassword } from './tokens.js';

test('settings may be left out', () => {
  assert.equal(address({}), undefined);
  assert.equal(address({ tokens: 'https://tokens.example.com' }), 'https://tokens.example.com');
});

test('an answer has user and password', () => {
  assert.deepEqual(userAndPassword(200, '{"user":"AWS","password":"short"}'), ['AWS', 'short']);
});

test('another answer is an error', () => {
  assert.throws(() => userAndPassword(403, ''), { message: 'the server answered 403' });
  assert.throws(() => userAndPassword(200, '[]'), { message: 'the answer has no user and password' });
});
