import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { app, integer, resource, state, text } from '../../src/index.ts';

const stages = (rows: { name: string }[]) => resource({ fields: { name: text() }, rows });
const run = async () => ({});

/** An app whose loaves go through stages, with an operation of this name from here to there. */
function declared(
  operation: string,
  from: string,
  to: string,
  rows = [{ name: 'Mixed' }, { name: 'Baked' }],
) {
  const loaves = resource({
    fields: { name: text(), stage: state('stages', { initial: 'Mixed' }) },
    lifecycle: { field: 'stage', operations: { [operation]: { from, to, run } } },
  });
  return app({ name: 'bakery', resources: { stages: stages(rows), loaves } });
}

describe('a wrong lifecycle fails at start with its path and the remedy', () => {
  it('names states that are not always there', () => {
    assert.ok(declared('bake', 'Mixed', 'Baked'));
    assert.throws(() => declared('bake', 'Mixed', 'Sold'), {
      name: 'TypeError',
      message: /^bakery\.loaves\.lifecycle\.operations\.bake: .*add \{ name: 'Sold' \} to the rows of stages/,
    });
    assert.throws(() => declared('bake', 'Kneaded', 'Baked'), /'Kneaded'/);
    assert.throws(
      () => declared('bake', 'Mixed', 'Baked', []),
      /^TypeError: bakery\.loaves\.stage: .*'Mixed'/,
    );
  });

  it('names operations that cannot stand in a path', () => {
    assert.throws(() => declared('Bake it', 'Mixed', 'Baked'), /operations\.Bake it: name operations/);
    assert.throws(() => declared('move', 'Mixed', 'Baked'), /'move' is taken/);
  });

  it('wants a text that names the states', () => {
    const loaves = resource({ fields: { stage: state('stages', { initial: 'Mixed', by: 'rank' }) } });
    const ranked = resource({
      fields: { name: text(), rank: integer() },
      rows: [{ name: 'Mixed', rank: 1 }],
    });
    assert.throws(
      () => app({ name: 'bakery', resources: { stages: ranked, loaves } }),
      /bakery\.loaves\.stage: by: 'rank' must be a text field of stages/,
    );
  });
});
