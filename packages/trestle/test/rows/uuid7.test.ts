import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuid7 } from '../../src/rows/uuid7.ts';

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('a UUIDv7 has its form and its millisecond', () => {
  const before = Date.now();
  const id = uuid7();
  assert.match(id, FORM);
  const at = Number.parseInt(id.replace('-', '').slice(0, 12), 16);
  assert(at >= before && at <= Date.now() + 1);
});

test('they are in the order of their making, and none is made twice', () => {
  const ids = Array.from({ length: 20_000 }, () => uuid7());
  assert.deepEqual(ids, [...ids].sort());
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, FORM);
});

test('a clock that is set back keeps the order', () => {
  const later = uuid7();
  assert(uuid7(Date.now() - 3_600_000) > later);
});

test('the last 62 bits of two have nothing in common', () => {
  assert.notEqual(uuid7().slice(-16), uuid7().slice(-16));
});
