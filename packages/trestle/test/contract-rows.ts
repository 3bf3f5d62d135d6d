import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Reply } from 'trestle/testing';

/**
 * One row of a contract: what its text says, a request, and the status, body and header fields that the text gives. In an
 * expected body a `RegExp` matches a string, and a function is asked; `undefined` is a body that the row does not go into.
 */
export type ContractRow = readonly [
  says: string,
  send: () => Promise<Reply>,
  status: number,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
];

export const isInteger = (value: unknown) => Number.isSafeInteger(value);
/** RFC 3339 in UTC, with milliseconds. */
export const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** One test a row, in their order. */
export function holdRows(rows: readonly ContractRow[]): void {
  for (const [says, send, status, body, headers = {}] of rows)
    it(says, async () => {
      const reply = await send();
      assert.equal(reply.status, status, JSON.stringify(reply.body));
      if (body !== undefined) assert.deepEqual(reply.body, filledIn(body, reply.body));
      for (const [name, value] of Object.entries(headers)) assert.equal(reply.headers.get(name), value, name);
    });
}

/** The expected body with what matches put in the place of its matchers. */
function filledIn(expected: unknown, actual: unknown): unknown {
  if (expected instanceof RegExp)
    return typeof actual === 'string' && expected.test(actual) ? actual : expected;
  if (typeof expected === 'function') return expected(actual) === true ? actual : expected;
  if (Array.isArray(expected))
    return expected.map((each, at) => filledIn(each, Array.isArray(actual) ? actual[at] : undefined));
  if (typeof expected !== 'object' || expected === null) return expected;
  const given = new Map(Object.entries(Object(actual)));
  return Object.fromEntries(
    Object.entries(expected).map(([name, each]) => [name, filledIn(each, given.get(name))]),
  );
}

/** A multipart body. */
export function formData(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

/** A member of a reply's body. */
export function member(reply: Reply, name: string): unknown {
  return Reflect.get(Object(reply.body), name);
}
