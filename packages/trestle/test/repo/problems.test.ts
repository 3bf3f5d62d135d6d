import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PROBLEMS, Problem } from 'trestle/contract';
import { toProblem } from '../../src/problems.ts';

const DOCUMENT = join(process.cwd(), 'docs/uniform-api.md');

describe('the problem table', () => {
  test('is the one of docs/uniform-api.md: the same codes, statuses and titles', () => {
    const rows = readFileSync(DOCUMENT, 'utf8').matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| (.+?) \|/gm);
    const documented = Object.fromEntries(
      [...rows].map(([, code, status, title]) => [code, { status: Number(status), title }]),
    );
    const known = Object.entries(PROBLEMS).map(([code, { status, title }]) => [code, { status, title }]);
    assert.deepEqual(documented, Object.fromEntries(known));
  });

  test('has codes in snake case and statuses of errors that HTTP knows', () => {
    for (const [code, { status, title, remedy }] of Object.entries(PROBLEMS)) {
      assert.match(code, /^[a-z]+(_[a-z]+)*$/);
      assert(status >= 400 && STATUS_CODES[status] !== undefined, `${code}: ${status}`);
      assert.match(title, /^[A-Z].*[^.]$/);
      assert.match(remedy, /^[A-Z].*\.$/);
    }
  });
});

describe('a problem', () => {
  test('takes status and title from its code', () => {
    const problem = new Problem('conflict', {
      errors: [{ pointer: '/title', code: 'taken', message: 'taken' }],
    });
    assert.equal(problem.status, 409);
    assert.equal(problem.detail, PROBLEMS.conflict.title);
    assert.equal(problem.errors[0]?.pointer, '/title');
    assert(problem instanceof Error);
  });

  test('keeps what went wrong underneath apart from what a client may see', () => {
    const cause = new Error('password=hunter2 in /srv/data');
    const problem = toProblem(cause);
    assert.equal(problem.code, 'internal');
    assert.equal(problem.cause, cause);
    const { code, detail, errors, data, headers } = problem;
    assert.equal(JSON.stringify({ code, detail, errors, data, headers }).includes('hunter2'), false);
  });

  test('stays itself', () => {
    const problem = new Problem('not_found');
    assert.equal(toProblem(problem), problem);
    assert.equal(toProblem('a text').code, 'internal');
  });
});
