import assert from 'node:assert/strict';
import { test } from 'node:test';

import { containerName, memory, routeOptions } from './serving.js';

test('settings may be left out', () => {
  assert.equal(memory({}), undefined);
  assert.equal(memory({ memory: '512m' }), '512m');
});

test('another setting is an error', () => {
  assert.throws(() => memory({ memory: 512 }), { message: 'is no string' });
});

test('containers have the names that others expect', () => {
  assert.equal(containerName('shop-web-staging', 'v1'), 'shop-web-staging-v1');
});

test('the proxy is told hosts first', () => {
  const further = [['deploy-timeout', '30s']];
  assert.deepEqual(routeOptions(['a.example', 'b.example'], true, further), [
    ['host', 'a.example'],
    ['host', 'b.example'],
    ['tls', undefined],
    ['deploy-timeout', '30s'],
  ]);
  assert.deepEqual(routeOptions([], false, further), further);
});
