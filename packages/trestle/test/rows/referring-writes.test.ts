import assert from 'node:assert/strict';
import { it } from 'node:test';
import { anyone, app, author, integerId, own, reference, resource, signedIn, text } from 'trestle';
import { Problem } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';
import { signUp } from './sign-up.ts';

const lists = resource({
  id: integerId(),
  fields: { name: text(), owner: author() },
  can: { read: own('owner'), create: signedIn, update: own('owner'), delete: own('owner') },
});
const tags = resource({
  id: integerId(),
  fields: { name: text() },
  can: { read: anyone, create: anyone, delete: anyone },
});
const items = resource({
  id: integerId(),
  fields: {
    title: text(),
    list: reference('lists'),
    tag: reference('tags', { nullable: true, onDelete: 'setNull' }),
    after: reference('items', { nullable: true, onDelete: 'setNull' }),
  },
  can: { read: anyone, create: signedIn, update: signedIn, delete: signedIn },
});
const board = app({ name: 'board', resources: { lists, tags, items } });

/** The pointers of the references that a write is refused for. */
async function refused(write: Promise<unknown>): Promise<string[]> {
  const problem = await write.then(
    () => assert.fail('expected a refusal'),
    (error: unknown) => error,
  );
  assert.ok(problem instanceof Problem);
  assert.equal(problem.code, 'invalid');
  return problem.errors.map(({ pointer, code }) => `${pointer} ${code}`);
}

eachPlace('writes that refer to rows', (place) => {
  it('are one statement, which finds that the caller may read these rows', async (t) => {
    const served = await serveApp(board, await place());
    t.after(() => served.close());
    const { lists, tags, items } = served.engine.services;
    const [ann, bob] = [await signUp(served, 'ann'), await signUp(served, 'bob')];
    const own = await lists.create(ann, { name: 'own' });
    const second = await lists.create(ann, { name: 'second' });
    const others = await lists.create(bob, { name: "bob's" });
    const tag = await tags.create(ann, { name: 'urgent' });
    const gone = await tags.create(ann, { name: 'gone' });
    await tags.remove(ann, gone.id);
    const inOne = async <T>(write: () => Promise<T>): Promise<T> => {
      const before = served.statements();
      const written = await write();
      assert.equal(served.statements() - before, 1);
      return written;
    };

    const first = await inOne(() => items.create(ann, { title: 'a', list: own.id }));
    assert.deepEqual([first.list, first.tag, first.after], [own.id, null, null]);
    const given = { title: 'b', list: own.id, tag: tag.id, after: first.id };
    const next = await inOne(() => items.create(ann, given));
    assert.deepEqual([next.list, next.tag, next.after], [own.id, tag.id, first.id]);
    await inOne(() => items.create(bob, { title: 'c', list: others.id }));

    // One that is hidden from the caller is refused as one that is not there.
    for (const [caller, list] of [
      [ann, others.id],
      [bob, own.id],
      [ann, 99],
    ] as const)
      assert.deepEqual(await refused(items.create(caller, { title: 'd', list })), ['/list reference']);
    const wrong = { title: 'd', list: others.id, tag: gone.id, after: 99 };
    const all = ['/list reference', '/tag reference', '/after reference'];
    assert.deepEqual(await refused(items.create(ann, wrong)), all);

    const moved = await inOne(() => items.patch(ann, next.id, { list: second.id }));
    assert.equal(moved.list, second.id);
    assert.equal((await inOne(() => items.patch(ann, next.id, { tag: null }))).tag, null);
    assert.equal((await inOne(() => items.patch(ann, next.id, { tag: tag.id }))).tag, tag.id);
    assert.deepEqual(await refused(items.patch(ann, next.id, { tag: gone.id })), ['/tag reference']);
    assert.deepEqual(await refused(items.patch(ann, next.id, { list: others.id })), ['/list reference']);
    // What a row refers to already is not asked for again.
    assert.equal((await items.patch(bob, next.id, { title: 'e', list: second.id })).title, 'e');
    assert.equal((await items.list(ann)).items.length, 3);
  });
});
