import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { app, integer, resource, state, text } from '../../src/index.ts';

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
