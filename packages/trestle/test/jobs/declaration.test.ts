import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { app, createdAt, integer, type JobOptions, job, resource, state, text } from '../../src/index.ts';

const statuses = (rows: { name: string }[]) => resource({ fields: { name: text() }, rows });
const run = async () => ({});

/** An app whose articles go through statuses, with an operation of this name from here to there. */
function declared(
  operation: string,
  from: string,
  to: string,
  rows = [{ name: 'Draft' }, { name: 'Approved' }],
) {
  const articles = resource({
    fields: { name: text(), status: state('statuses', { initial: 'Draft' }) },
    lifecycle: { field: 'status', operations: { [operation]: { from, to, run } } },
  });
  return app({ name: 'articles', resources: { statuses: statuses(rows), articles } });
}

describe('a wrong lifecycle fails at start with its path and the remedy', () => {
  it('names states that are not always there', () => {
    assert.ok(declared('approve', 'Draft', 'Approved'));
    assert.throws(() => declared('approve', 'Draft', 'Published'), {
      name: 'TypeError',
      message:
        /^articles\.articles\.lifecycle\.operations\.approve: .*add \{ name: 'Published' \} to the rows of statuses/,
    });
    assert.throws(() => declared('approve', 'Unknown', 'Approved'), /'Unknown'/);
    assert.throws(
      () => declared('approve', 'Draft', 'Approved', []),
      /^TypeError: articles\.articles\.status: .*'Draft'/,
    );
  });

  it('names operations that cannot stand in a path', () => {
    assert.throws(
      () => declared('Approve it', 'Draft', 'Approved'),
      /operations\.Approve it: name operations/,
    );
    assert.throws(() => declared('move', 'Draft', 'Approved'), /'move' is taken/);
  });

  it('wants a text that names the states', () => {
    const articles = resource({ fields: { status: state('statuses', { initial: 'Draft', by: 'rank' }) } });
    const ranked = resource({
      fields: { name: text(), rank: integer() },
      rows: [{ name: 'Draft', rank: 1 }],
    });
    assert.throws(
      () => app({ name: 'articles', resources: { statuses: ranked, articles } }),
      /articles\.articles\.status: by: 'rank' must be a text field of statuses/,
    );
  });
});

describe('a wrong job fails at start with its path and the remedy', () => {
  const notes = resource({ fields: { title: text() } });
  const withJob = (options: Partial<JobOptions<Record<never, never>>>, name = 'remind') =>
    app({ name: 'notes', resources: { notes }, jobs: { [name]: job({ run: async () => {}, ...options }) } });
  const wrong = (options: object, message: RegExp, name?: string) =>
    assert.throws(() => withJob(options, name), { name: 'TypeError', message });

  it('names schedules that never fire', () => {
    assert.ok(withJob({ cron: '0 8 * * 1-5', timeZone: 'Europe/Berlin' }));
    wrong({ cron: '0 25 * * *' }, /^notes\.jobs\.remind\.cron: hour: expected 0 to 23, got '25'$/);
    wrong(
      { cron: '0 8 * * *', timeZone: 'Berlin' },
      /^notes\.jobs\.remind\.timeZone: 'Berlin' is no time zone/,
    );
    wrong({ every: '1h', cron: '0 8 * * *' }, /^notes\.jobs\.remind: give every or cron, not both$/);
    wrong({ every: '1x' }, /^notes\.jobs\.remind\.every: expected a duration/);
    wrong({ every: 0.5 }, /^notes\.jobs\.remind\.every: at least a second$/);
    wrong({ every: '1h', timeZone: 'Europe/Berlin' }, /timeZone: only cron has a time zone/);
    wrong({ every: '1h', input: { title: text() } }, /input\.title: a schedule gives no input; .* default/);
    assert.ok(withJob({ every: '1h', input: { title: text({ default: 'x' }) } }));
  });

  it('names misspelt options, names and inputs', () => {
    wrong({ retrys: 3 }, /^notes\.jobs\.remind: job\(\) has no option 'retrys'; did you mean 'retries'\?$/);
    wrong({ retries: -1 }, /^notes\.jobs\.remind\.retries: expected an integer from 0/);
    wrong({ run: 'later' }, /^notes\.jobs\.remind\.run: expected a function/);
    wrong({ run: undefined }, /^notes\.jobs\.remind\.run: a job needs code/);
    wrong({ input: { at: createdAt() } }, /^notes\.jobs\.remind\.input\.at: the server sets createdAt\(\)/);
    wrong({}, /^notes\.jobs\.Remind me: name jobs with letters/, 'Remind me');
    assert.throws(
      // @ts-expect-error a job is made by job()
      () => app({ name: 'notes', resources: { notes }, jobs: { remind: async () => {} } }),
      /^TypeError: notes\.jobs\.remind: expected job\(\{ run: \.{3} \}\), got the function remind$/,
    );
  });
});
