import assert from 'node:assert/strict';
import { once } from 'node:events';
import { it } from 'node:test';
import { Problem } from '../../src/contract.ts';
import { type Engine, type EngineOptions, openEngine } from '../../src/engine.ts';
import {
  type AfterContext,
  type App,
  accounts,
  anyone,
  app,
  author,
  email,
  integer,
  integerId,
  type JobContext,
  job,
  nobody,
  type RowId,
  reference,
  resource,
  signedIn,
  text,
  transitions,
  type WithinContext,
} from '../../src/index.ts';
import type { Jobs } from '../../src/schema/jobs.ts';
import type { Resources } from '../../src/schema/row-types.ts';
import { afterNotesApp } from '../jobs/reminders-app.ts';
import { startProcess } from '../jobs/worker-processes.ts';
import { runSql } from '../run-sql.ts';
import { eachPlace, type Place } from '../stores.ts';
import { until } from '../until.ts';
import { reminded, shop } from './shop-app.ts';

const LIMITS = { poll: 0.05, pause: () => 0.01 };

/** Opens an app; `await using` closes it. */
async function opened<Rs extends Resources, Js extends Jobs>(
  declared: App<Rs, Js>,
  place: Place,
  options: Partial<EngineOptions> = {},
) {
  const engine = await openEngine(declared, { ...place, jobs: LIMITS, ...options });
  return { engine, ...engine.services, [Symbol.asyncDispose]: () => engine.close() };
}

const anonymous = { caller: { kind: 'anonymous' }, origin: { address: '127.0.0.1' } } as const;

async function signedUp({ accounts }: Engine) {
  const { id } = await accounts.signUp(anonymous, { username: 'ann', password: 'a long password of ann' });
  return { ...anonymous, caller: { kind: 'account', account: id, session: '' } } as const;
}

const fails = (code: string) => (error: unknown) => error instanceof Problem && error.code === code;

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const titled = { id: integerId(), fields: { title: text() }, can };

eachPlace('before code', (place) => {
  it('changes the body, sets fields that no caller may, and refuses', async () => {
    await using open = await opened(shop, await place(), { roles: [] });
    const { books } = open;
    const made = await books.create(anonymous, { title: 'Emma' });
    assert.equal(made.isbn, 'isbn of Emma');
    await assert.rejects(books.create(anonymous, { title: 'x', isbn: 'mine' }), fails('unknown_field'));
    await assert.rejects(books.create(anonymous, { title: 'forbidden' }), /This book is not lent/);
    const patched = await books.patch(anonymous, made.id, { title: 'Persuasion' });
    assert.equal(patched.isbn, 'isbn of Persuasion');
    const same = await books.replace(anonymous, made.id, { title: 'Persuasion' });
    assert.equal(same.isbn, 'isbn of Persuasion', 'a replaced row keeps what its caller may not set');
    await assert.rejects(books.patch(anonymous, 7, { title: 'x' }), fails('not_found'));
    const kept = await books.create(anonymous, { title: 'kept' });
    await assert.rejects(books.remove(anonymous, kept.id), /This book stays/);
    // It waits for a timer, also where its write is one of several in a transaction.
    const isbn = await open.engine.context.transaction(anonymous, async (tx) => {
      await books.create(tx, { title: 'a' });
      return (await books.create(tx, { title: 'b' })).isbn;
    });
    assert.equal(isbn, 'isbn of b');
    assert.equal((await books.list(anonymous)).items.length, 4);
  });
});

eachPlace('within code', (place) => {
  it('writes in the transaction of the write, for its caller, and undoes it by what it throws', async () => {
    await using open = await opened(shop, await place(), { roles: ['work'] });
    const { books, loans, entries, engine } = open;
    const ann = await signedUp(engine);
    const book = await books.create(anonymous, { title: 'Emma' });
    const loan = await loans.create(ann, { book: book.id });
    assert.equal((await books.peek(anonymous, book.id)).free, 0);
    const { items } = await entries.list(anonymous);
    const said = items.map((entry) => [entry.words, entry.by]);
    assert.deepEqual(said, [['lent Emma', ann.caller.account]]);
    await assert.rejects(loans.create(ann, { book: book.id }), /All copies are lent/);
    // Also where own code catches what undoes a part of its transaction.
    const caught = engine.context.transaction(ann, async (tx) => {
      await loans.create(tx, { book: book.id }).catch(() => {});
    });
    await assert.rejects(caught, /All copies are lent/);
    assert.equal((await loans.list(anonymous)).items.length, 1);
    await loans.patch(ann, loan.id, { note: 'soon' });
    // A cascade is told of too.
    await books.remove(anonymous, book.id);
    const { items: all } = await entries.list(anonymous);
    assert.deepEqual(
      all.map(({ words }) => words),
      ['lent Emma', ' > soon', 'back 1'],
    );
    if (reminded.words.length === 0) await once(reminded, 'words');
    assert.deepEqual(reminded.words.splice(0), ['Emma'], 'a job of what was undone was not enqueued');
  });

  it('may write its own row once more, which is then answered; what calls itself without end fails', async () => {
    const notes = resource({ ...titled, within: { create: tag, update: again } });
    async function tag(context: WithinContext, { row }: { row: { id: number } }): Promise<void> {
      if (row.id === 1) await context.service(notes).patch(context, row.id, { title: 'tagged' });
    }
    async function again(
      context: WithinContext,
      { row }: { row: { id: number; title: string } },
    ): Promise<void> {
      if (row.title !== 'tagged')
        await context.service(notes).patch(context, row.id, { title: `${row.title}!` });
    }
    await using open = await opened(app({ name: 'notes', resources: { notes } }), await place());
    const made = await open.notes.create(anonymous, { title: 'x' });
    assert.equal(made.title, 'tagged');
    await assert.rejects(open.notes.patch(anonymous, 1, { title: 'y' }), fails('internal'));
    assert.equal((await open.notes.peek(anonymous, 1)).title, 'tagged');
  });

  it('hears of every way to write a row, as does before code of the verbs that are called', async () => {
    const heard: string[] = [];
    const hear = (when: string) => async () => void heard.push(when);
    const notes = resource({
      id: integerId(),
      fields: {
        title: text({ unique: true }),
        stock: integer({ default: 0 }),
        state: transitions(['draft', 'out'], { publish: { from: 'draft', to: 'out' } }),
      },
      can,
      softDelete: true,
      before: { create: hear('?create'), update: hear('?update'), delete: hear('?delete') },
      within: { create: hear('create'), update: hear('update'), delete: hear('delete') },
    });
    await using open = await opened(app({ name: 'notes', resources: { notes } }), await place());
    const said = async (write: Promise<unknown>) => {
      await write;
      // A transaction is begun again for before code of its second write, so each may be told of twice.
      return [...new Set(heard.splice(0))].join(', ');
    };
    const firstId = async () => (await open.notes.list(anonymous, { limit: 1 })).items[0]?.id ?? 0;
    const { createMany, patchMany, removeMany, increment, upsert, transition, restore } = open.notes;
    const titles = [{ title: 'a' }, { title: 'b' }];
    assert.equal(await said(createMany(anonymous, titles)), '?create, create');
    const id = await firstId();
    const every = { filter: { id: { gt: 0 } }, max: 10 };
    assert.equal(await said(patchMany(anonymous, every, { stock: 1 })), '?update, update');
    assert.equal(await said(increment(anonymous, id, { stock: 2 })), '?update, update');
    const by = { field: 'title', value: 'c' } as const;
    assert.equal(await said(upsert(anonymous, by, { title: 'c' })), '?create, create');
    assert.equal(await said(upsert(anonymous, by, { title: 'c', stock: 5 })), '?update, update');
    assert.equal(await said(transition(anonymous, id, 'publish')), '?update, update');
    assert.equal(await said(removeMany(anonymous, every)), '?delete, delete');
    assert.equal(await said(restore(anonymous, id)), '?update, update');
  });

  it('that waits for anything but its transaction fails alone on SQLite, and holds up no other write', async () => {
    const at = await place();
    if (at.database !== undefined) return;
    const forever = new Promise<void>(() => {});
    const stalled = resource({ ...titled, within: { create: () => forever } });
    const notes = resource(titled);
    await using open = await opened(app({ name: 'notes', resources: { stalled, notes } }), at);
    const commits = () => open.engine.store.measure();
    const before = await commits();
    const writes = Array.from({ length: 200 }, (_, at) => open.notes.create(anonymous, { title: `${at}` }));
    const failing = open.stalled.create(anonymous, { title: 'x' });
    writes.push(...Array.from({ length: 200 }, (_, at) => open.notes.create(anonymous, { title: `${at}` })));
    const refused = assert.rejects(failing, ({ code, cause }) => {
      assert.equal(code, 'internal');
      assert.match(String(cause), /within.create of stalled waited for something other than its transaction/);
      return true;
    });
    assert.equal((await Promise.all(writes)).length, 400);
    await refused;
    const after = await commits();
    // The writes shared their commits as ever: 401 in groups of 256.
    assert.equal((after.commits?.total ?? 0) - (before.commits?.total ?? 0), 2);
    assert.equal((await open.stalled.list(anonymous)).items.length, 0);
    assert.equal((await open.notes.list(anonymous, { limit: 200, count: 'exact' })).total, 400);
  });
});

eachPlace('within code that does not come back', (place) => {
  it('leaves its connection to others once PostgreSQL gives its transaction up', async () => {
    const at = await place();
    if (at.database === undefined) return;
    const forever = new Promise<void>(() => {});
    const stalled = resource({ ...titled, within: { create: () => forever } });
    await using open = await opened(app({ name: 'notes', resources: { stalled } }), at, { roles: [] });
    const failing = open.stalled.create(anonymous, { title: 'x' });
    const refused = assert.rejects(failing, ({ code, cause }) => {
      assert.equal(code, 'internal');
      assert.match(String(cause), /within.create of stalled waited for something other than its transaction/);
      return true;
    });
    // As its own time limit does after ten seconds.
    const end = `select pg_terminate_backend(pid) as ended from pg_stat_activity
      where state = 'idle in transaction' and datname = current_database()`;
    await until(async () => (await runSql(open.engine.store, end)).length > 0);
    await refused;
    assert.equal((await open.stalled.list(anonymous)).items.length, 0);
  });
});

eachPlace('after code', (place) => {
  it('runs after the commit with the row as it was written, again until it succeeds, and not for what was undone', async () => {
    const heard: unknown[] = [];
    const done = Promise.withResolvers<void>();
    const hear = async ({ attempt, writer }: AfterContext, write: object) => {
      if (attempt === 1) throw new Error('the mail server is away');
      heard.push({ ...write, writer: writer.kind });
      if (heard.length === 3) done.resolve();
    };
    const notes = resource({ ...titled, after: { create: hear, update: hear, delete: hear } });
    await using open = await opened(app({ name: 'notes', resources: { notes } }), await place());
    const ann = await signedUp(open.engine);
    const undone = open.engine.context.transaction(ann, async (tx) => {
      await open.notes.create(tx, { title: 'undone' });
      throw new Error('undo');
    });
    await assert.rejects(undone, /undo/);
    const { id } = await open.notes.create(ann, { title: 'a' });
    await open.notes.patch(ann, id, { title: 'b' });
    await open.notes.remove(anonymous, id);
    await done.promise;
    const [a, b] = ['a', 'b'].map((title) => ({ id, title }));
    const byJson = (one: unknown) => JSON.stringify(one);
    assert.deepEqual(
      heard.map(byJson).sort(),
      [
        { row: a, writer: 'account' },
        { row: b, before: a, writer: 'account' },
        { row: b, writer: 'anonymous' },
      ]
        .map(byJson)
        .sort(),
    );
  });

  it('finds the accounts of the app with their own fields, as jobs do', async () => {
    const mailed: string[] = [];
    const done = Promise.withResolvers<void>();
    const members = accounts({ fields: { address: email() }, can: { read: nobody } });
    const mail = async (context: JobContext, id: RowId) => {
      const { address } = await context.service(members).read(context, id);
      mailed.push(address);
      if (mailed.length === 2) done.resolve();
    };
    const loans = resource({
      fields: { reader: author() },
      can: { create: signedIn },
      after: {
        create: async (context, { row }) => {
          await context.enqueue('remind', { reader: row.reader });
          await mail(context, row.reader ?? '');
        },
      },
    });
    const remind = job({
      input: { reader: reference('accounts') },
      run: async (context, { reader }) => mail(context, reader),
    });
    const library = app({ name: 'library', accounts: members, resources: { loans }, jobs: { remind } });
    await using open = await opened(library, await place());
    const made = { username: 'ann', password: 'a long password of ann', address: 'ann@example.org' };
    const { id } = await open.engine.accounts.signUp(anonymous, made);
    await open.loans.create({ caller: { kind: 'account', account: id, session: '' } }, {});
    await done.promise;
    assert.deepEqual(mailed, ['ann@example.org', 'ann@example.org']);
  });

  it('runs again elsewhere where its process was killed', async () => {
    const at = await place();
    const declared = afterNotesApp(async () => {});
    await using server = await opened(declared, at, { roles: ['serve'], shared: true });
    const where = at.database === undefined ? [] : [at.database];
    const doomed = startProcess('reminders-process.ts', ['after', at.data, '1', ...where]);
    await server.notes.create(anonymous, { title: 'killed' });
    await doomed.until(({ event }) => event === 'begin');
    await doomed.kill();
    const next = startProcess('reminders-process.ts', ['after', at.data, '0', ...where]);
    assert.equal((await next.until(({ event }) => event === 'end')).fence, 2);
    await next.close();
  });
});
