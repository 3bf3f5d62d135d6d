import assert from 'node:assert/strict';
import { it } from 'node:test';
import { anyone, app, integer, integerId, resource, text, updatedAt, where } from 'trestle';
import { type Context, system, VERSION } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const open = { read: anyone, create: anyone };
const notes = resource({
  id: integerId(),
  fields: {
    title: text(),
    rank: integer({ default: 0 }),
    state: text({ default: 'open' }),
    changed_at: updatedAt(),
  },
  can: {
    ...open,
    update: where({ state: 'open' }),
    delete: where({ state: 'open' }),
  },
});
const heard = resource({
  id: integerId(),
  fields: { title: text(), rank: integer({ default: 0 }) },
  can: { ...open, update: anyone, delete: anyone },
  within: { update: async () => {} },
});
const board = app({ name: 'board', resources: { notes, heard } });
const anybody: Context = { caller: { kind: 'anonymous' } };

eachPlace('changes and deletions by filter', (place) => {
  it('are one statement for all rows that need no look', async (t) => {
    const served = await serveApp(board, await place());
    t.after(() => served.close());
    const { notes: service, heard: other } = served.engine.services;
    const rows = await service.createMany(
      anybody,
      Array.from({ length: 60 }, (_, at) => ({ title: `t${at}`, rank: at % 2 })),
    );
    const counted = async <T>(run: () => Promise<T>): Promise<[T, number]> => {
      const from = served.statements();
      return [await run(), served.statements() - from];
    };
    const [patched, few] = await counted(() =>
      service.patchMany(anybody, { filter: { rank: { eq: 0 } }, max: 100 }, { title: 'even' }),
    );
    assert.deepEqual(patched, { count: 30 });
    assert.ok(few < 10, `${few} statements`);
    const changed = await service.read(anybody, rows[0]?.id ?? 0);
    assert.deepEqual([changed.title, changed[VERSION]], ['even', 2]);
    const untouched = await service.read(anybody, rows[1]?.id ?? 0);
    assert.deepEqual([untouched.title, untouched[VERSION]], ['t1', 1]);

    // What has the values already is no edit, as of one row.
    const again = await service.patchMany(
      anybody,
      { filter: { title: { eq: 'even' } }, max: 100 },
      { title: 'even' },
    );
    assert.deepEqual(again, { count: 30 });
    assert.equal((await service.read(anybody, rows[0]?.id ?? 0))[VERSION], 2);

    // One that the caller may not write refuses all.
    const closed = { id: rows[2]?.id ?? 0 };
    await service.patch(system(), closed.id, { state: 'closed' });
    const even = { filter: { title: { eq: 'even' } }, max: 100 };
    await assert.rejects(service.patchMany(anybody, even, { rank: 7 }), { code: 'forbidden' });
    await assert.rejects(service.removeMany(anybody, even), { code: 'forbidden' });
    assert.equal((await service.read(anybody, rows[0]?.id ?? 0)).rank, 0);
    await assert.rejects(service.patchMany(anybody, even, { rank: 'x' } as never), { code: 'invalid' });

    const [removed, deletes] = await counted(() =>
      service.removeMany(anybody, { filter: { rank: { eq: 1 } }, max: 100 }),
    );
    assert.deepEqual(removed, { count: 30 });
    assert.ok(deletes < 10, `${deletes} statements`);

    // Own code sees each row.
    await other.createMany(anybody, [{ title: 'a' }, { title: 'b' }]);
    const each = await other.patchMany(anybody, { filter: { rank: { eq: 0 } }, max: 9 }, { title: 'c' });
    assert.deepEqual(each, { count: 2 });
  });
});
