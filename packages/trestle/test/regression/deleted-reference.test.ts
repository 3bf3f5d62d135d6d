// A row that changes because the row it refers to is deleted has another ETag, and rows go with it however deep they refer.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { accounts, anyone, app, integerId, reference, resource, text, updatedAt } from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const resources = {
  teams: resource({ id: integerId(), fields: { name: text() }, can }),
  players: resource({
    id: integerId(),
    fields: {
      name: text(),
      team: reference('teams', { nullable: true, onDelete: 'setNull' }),
      updated_at: updatedAt(),
    },
    can,
  }),
  folders: resource({
    id: integerId(),
    fields: { name: text(), parent: reference('folders', { nullable: true, onDelete: 'cascade' }) },
    can,
  }),
  files: resource({
    id: integerId(),
    fields: {
      folder: reference('folders', { onDelete: 'cascade' }),
      copy_of: reference('files', { nullable: true, onDelete: 'setNull' }),
    },
    can,
  }),
};
const club = app({ name: 'club', accounts: accounts({ id: integerId() }), resources });

eachPlace('a deletion', (place) => {
  let served: Served<typeof resources>;
  const context = { caller: { kind: 'anonymous' } } as const;
  before(async () => {
    served = await serveApp(club, await place());
  });
  after(() => served.close());

  it('raises the version of rows that lose their reference (setNull)', async () => {
    const { players, teams } = served.engine.services;
    const team = await teams.create(context, { name: 'reds' });
    const player = await players.create(context, { name: 'ann', team: team.id });
    const bystander = await players.create(context, { name: 'bob' });
    const path = `/v1/players/${player.id}`;
    const tag = (await served.call('GET', path)).headers.get('etag') ?? '';
    const before = served.statements();
    assert.equal((await served.call('DELETE', `/v1/teams/${team.id}`)).status, 204);
    assert.ok(served.statements() - before <= 4, 'a fixed number of statements');
    const { status, headers, body } = await served.call('GET', path, { headers: { 'If-None-Match': tag } });
    assert.equal(status, 200);
    assert.notEqual(headers.get('etag'), tag);
    const row = body as { team: unknown; updated_at: string };
    assert.equal(row.team, null);
    assert.ok(row.updated_at >= player.updated_at);
    const stale = await served.call('PATCH', path, { body: { name: 'x' }, headers: { 'If-Match': tag } });
    assert.equal(stale.status, 412);
    const other = await served.call('HEAD', `/v1/players/${bystander.id}`);
    assert.match(other.headers.get('etag') ?? '', /^"1-/);
  });

  it('removes a chain of 1,001 rows that refer to each other, and what refers to them', async () => {
    const { folders, files } = served.engine.services;
    let parent: number | null = null;
    const ids: number[] = [];
    for (let depth = 0; depth < 1001; depth += 1) {
      const { id }: { id: number } = await folders.create(context, { name: `${depth}`, parent });
      ids.push(id);
      parent = id;
    }
    const other = await folders.create(context, { name: 'other' });
    const inside = await files.create(context, { folder: ids.at(-1) ?? 0 });
    const copy = await files.create(context, { folder: other.id, copy_of: inside.id });
    assert.equal((await served.call('DELETE', `/v1/folders/${ids[0]}`)).status, 204);
    const { items: left } = await folders.list(context);
    assert.deepEqual(
      left.map(({ id }) => id),
      [other.id],
    );
    const { items: kept } = await files.list(context);
    assert.deepEqual(
      kept.map(({ id, copy_of }) => [id, copy_of]),
      [[copy.id, null]],
    );
    const tag = (await served.call('HEAD', `/v1/files/${copy.id}`)).headers.get('etag');
    assert.match(tag ?? '', /^"2-/);
  });

  it('ends where rows refer to each other in a circle', async () => {
    const { folders } = served.engine.services;
    const first = await folders.create(context, { name: 'first' });
    const second = await folders.create(context, { name: 'second', parent: first.id });
    await folders.patch(context, first.id, { parent: second.id });
    assert.equal((await served.call('DELETE', `/v1/folders/${second.id}`)).status, 204);
    for (const { id } of [first, second])
      assert.equal((await served.call('GET', `/v1/folders/${id}`)).status, 404);
  });
});
