import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TextOperator } from '../../src/database/dialect.ts';
import { type Sql, sql } from '../../src/database/sql.ts';
import { bind, param, statement } from '../../src/database/statement.ts';
import type { Columns, Store } from '../../src/database/store.ts';
import { Problem } from '../../src/problems.ts';
import type { StoredKind } from '../../src/schema/field-type.ts';
import { eachStore } from '../stores.ts';
import { addBook, addBooks, borrow, makeShelf, titles } from './shelf.ts';

eachStore('values', (open) => {
  const kinds: [StoredKind, string, unknown[]][] = [
    ['text', 'title', ['', 'é', 'a\u2028b', '😀', "it's", 'x'.repeat(70_000)]],
    ['integer', 'copies', [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]],
    ['number', 'price', [0.1, -1.5e300, 5e-324, 0.1 + 0.2, 3]],
    ['boolean', 'lent', [true, false]],
    [
      'timestamp',
      'bought_at',
      [
        '2026-11-21T07:48:39.123Z',
        '2026-11-21T07:48:39.000Z',
        '0001-01-01T00:00:00.000Z',
        '9999-12-31T23:59:59.999Z',
      ],
    ],
    [
      'json',
      'notes',
      [{ b: 1, a: [null, 'ä', { '': true }] }, [], 'text', 1.5, false, { text: '\u0000 \ud800' }],
    ],
    ['uuid', 'mark', ['0192f0a4-1111-7222-8333-444455556666']],
  ];
  for (const [kind, column, values] of kinds)
    test(`${kind} comes back as it was written`, async () => {
      const store = await open();
      await makeShelf(store);
      const read = statement(
        store.dialect,
        sql`select ${sql.ref(column)} from ${sql.table('books')} where ${sql.ref('id')} = ${param('id')}`,
      );
      const decode = store.dialect.decoder(kind) ?? ((value: unknown) => value);
      for (const value of values) {
        const columns = {
          title: 'any',
          the_author: JSON.stringify(value).slice(0, 50),
          [column]: store.dialect.encode(kind, value),
        };
        const id = await store.write((tx) => addBook(store, tx, columns));
        const [row] = await store.all(read, [id]);
        assert.deepEqual(decode(row?.[column]), value);
      }
    });

  test('null is null in every kind', async () => {
    const store = await open();
    await makeShelf(store);
    const columns = {
      title: 'a',
      price: null,
      lent: null,
      bought_at: null,
      notes: null,
      mark: null,
      shelf: null,
    };
    await store.write((tx) => addBook(store, tx, columns));
    const [row] = await store.all(statement(store.dialect, sql`select * from ${sql.table('books')}`), []);
    const { id, title, copies, ...others } = { ...row };
    assert.deepEqual({ id, title, copies }, { id: 1, title: 'a', copies: 0 });
    assert.deepEqual(Object.values(others), [null, null, null, null, null, null, null]);
  });

  test('counts and sums are numbers', async () => {
    const store = await open();
    await makeShelf(store);
    await addBooks(store, ['a', 'b']);
    const query = sql`select count(*) as n, sum(${sql.ref('id')}) as total from ${sql.table('books')}`;
    assert.deepEqual({ ...(await store.all(statement(store.dialect, query), []))[0] }, { n: 2, total: 3 });
  });
});

eachStore('conditions', (open) => {
  const words = ['Apfel', 'apfel', 'Äpfel', 'zebra', 'Zebra', '100%', '100_', 'a\\b', '', 'ﬁx', '😀', 'pfel'];

  async function matching(store: Store, condition: (title: Sql) => Sql): Promise<string[]> {
    const title = sql.ref('title');
    const query = sql`select ${title} from ${sql.table('books')} where ${condition(title)} order by ${title}`;
    const compiled = statement(store.dialect, query);
    const rows = await store.all(compiled, bind(compiled, {}));
    return rows.map((row) => String(row.title));
  }

  test('texts sort by code point', async () => {
    const store = await open();
    await makeShelf(store);
    await addBooks(store, words);
    assert.deepEqual(await titles(store), [
      '',
      '100%',
      '100_',
      'Apfel',
      'Zebra',
      'a\\b',
      'apfel',
      'pfel',
      'zebra',
      'Äpfel',
      'ﬁx',
      '😀',
    ]);
  });

  test('texts are searched without wildcards, and only ASCII letters are folded', async () => {
    const store = await open();
    await makeShelf(store);
    await addBooks(store, words);
    const { texts, pattern } = store.dialect;
    const found = (operator: TextOperator, text: string) =>
      matching(store, (title) => texts[operator](title, sql`${pattern(operator, text)}`));
    assert.deepEqual(await found('contains', 'pfel'), ['Apfel', 'apfel', 'pfel', 'Äpfel']);
    assert.deepEqual(await found('contains', '%'), ['100%']);
    for (const wildcard of ['*', '?', '[a-z]', 'a*l'])
      assert.deepEqual(await found('contains', wildcard), []);
    assert.deepEqual(await found('icontains', 'ZEB'), ['Zebra', 'zebra']);
    assert.deepEqual(await found('icontains', 'äpfel'), []);
    assert.deepEqual(await found('icontains', '_'), ['100_']);
    assert.deepEqual(await found('icontains', '\\'), ['a\\b']);
    assert.deepEqual(await found('starts', 'A'), ['Apfel']);
    assert.deepEqual(await found('starts', '100_'), ['100_']);
    assert.deepEqual(await found('ends', 'pfel'), ['Apfel', 'apfel', 'pfel', 'Äpfel']);
    assert.deepEqual(await found('ends', '😀'), ['😀']);
    assert.equal((await found('ends', '')).length, words.length);
    assert.equal((await found('contains', '')).length, words.length);
  });

  test('a list of any length is one value', async () => {
    const store = await open();
    await makeShelf(store);
    await addBooks(store, words);
    const { within, encodeList, listed } = store.dialect;
    const among = (list: string[]) =>
      matching(store, (title) => within(title, sql`${encodeList(list)}`, 'text'));
    assert.deepEqual(await among(['apfel', '100%', 'a\\b', 'no "quote', '😀']), [
      '100%',
      'a\\b',
      'apfel',
      '😀',
    ]);
    assert.deepEqual(await among([]), []);
    const ids = encodeList([3, 1, 99]);
    const join = sql`select ${sql.ref('b.title')} from ${listed(sql`${ids}`, 'integer')} as l
      join ${sql.table('books')} as b on ${sql.ref('b.id')} = ${sql.ref('l.value')} order by ${sql.ref('b.id')}`;
    const compiled = statement(store.dialect, join);
    const rows = await store.all(compiled, bind(compiled, {}));
    assert.deepEqual(
      rows.map((row) => row.title),
      ['Apfel', 'Äpfel'],
    );
  });
});

eachStore('writes', (open) => {
  test('what a work throws undoes it, and no other', async () => {
    const store = await open();
    await makeShelf(store);
    const works = Array.from({ length: 30 }, (_, i) =>
      store.write(async (tx) => {
        await addBook(store, tx, { title: `b${String(i).padStart(2, '0')}` });
        if (i % 3 === 0) throw new Problem('forbidden', { detail: `work ${i}` });
        return i;
      }),
    );
    const ended = await Promise.allSettled(works);
    for (const [i, result] of ended.entries()) {
      assert.equal(result.status, i % 3 === 0 ? 'rejected' : 'fulfilled', `work ${i}`);
      if (result.status === 'rejected') assert.equal(result.reason.detail, `work ${i}`);
    }
    assert.equal((await titles(store)).length, 20);
  });

  test('a broken unique index is a conflict that names its fields, and harms no other write', async () => {
    const store = await open();
    await makeShelf(store);
    const add = (title: string, author: string) =>
      store.write((tx) => addBook(store, tx, { title, the_author: author }));
    await add('one', 'ann');
    const ended = await Promise.allSettled([add('two', 'ann'), add('one', 'ann'), add('one', 'bob')]);
    assert.deepEqual(
      ended.map((result) => result.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    await assert.rejects(add('one', 'ann'), (problem: Problem) => {
      assert.equal(problem.code, 'conflict');
      assert.deepEqual(
        problem.errors.map(({ pointer, code }) => ({ pointer, code })),
        [
          { pointer: '/title', code: 'taken' },
          { pointer: '/the_author', code: 'taken' },
        ],
      );
      assert.ok(!JSON.stringify(problem).includes('ann'), 'the value must not be in the problem');
      return true;
    });
    assert.deepEqual(await titles(store), ['one', 'one', 'two']);
  });

  test('a broken reference is a conflict', async () => {
    const store = await open();
    await makeShelf(store);
    const dangling = store.write((tx) => addBook(store, tx, { title: 'a', shelf: 7 }));
    await assert.rejects(
      dangling,
      (problem: Problem) => problem.code === 'conflict' && problem.data.constraint === 'reference',
    );
    await store.write(async (tx) => {
      await tx.all(
        statement(
          store.dialect,
          sql`insert into ${sql.table('shelves')} (${sql.id('label')}) values ('top')`,
        ),
        [],
      );
      await addBook(store, tx, { title: 'a', shelf: 1 });
    });
    const removal = store.write((tx) =>
      tx.all(statement(store.dialect, sql`delete from ${sql.table('shelves')}`), []),
    );
    await assert.rejects(
      removal,
      (problem: Problem) => problem.code === 'conflict' && problem.errors.length === 0,
    );
  });

  test('64 increments at once are 64', async () => {
    const store = await open();
    await makeShelf(store);
    const [id = 0] = await addBooks(store, ['a']);
    const plus = borrow(store);
    const counts = await Promise.all(
      Array.from({ length: 64 }, () =>
        store.write(async (tx) => Number((await tx.all(plus, [id]))[0]?.copies)),
      ),
    );
    assert.deepEqual(
      counts.sort((a, b) => a - b),
      Array.from({ length: 64 }, (_, i) => i + 1),
    );
  });

  test('a row read for update is not changed by another work in between', async () => {
    const store = await open();
    await makeShelf(store);
    const [id = 0] = await addBooks(store, ['a']);
    const { dialect } = store;
    const copies = sql.ref('copies');
    const read = statement(
      dialect,
      sql`select ${copies} from ${sql.table('books')} where ${sql.ref('id')} = ${param('id')} ${dialect.forUpdate}`,
    );
    const set = statement(
      dialect,
      sql`update ${sql.table('books')} set ${sql.id('copies')} = ${param('copies')} where ${sql.ref('id')} = ${param('id')}`,
    );
    const twice = () =>
      store.write(async (tx) => {
        const [row] = await tx.all(read, [id]);
        await tx.all(set, [Number(row?.copies) + 1, id]);
      });
    await Promise.all(Array.from({ length: 20 }, twice));
    const [row] = await store.all(read, [id]);
    assert.equal(row?.copies, 20);
  });

  test('a read after a write sees it', async () => {
    const store = await open();
    await makeShelf(store);
    for (const title of ['a', 'b', 'c']) {
      await addBooks(store, [title]);
      assert.ok((await titles(store)).includes(title));
    }
  });

  test('statements are counted', async () => {
    const store = await open();
    await makeShelf(store);
    const before = store.statements;
    await titles(store);
    assert.equal(store.statements - before, 1);
  });
});

eachStore('streams', (open) => {
  const all = (store: Store) =>
    statement(
      store.dialect,
      sql`select ${sql.ref('title')} from ${sql.table('books')} where ${sql.ref('id')} > ${param('after')} order by ${sql.ref('id')}`,
    );
  const many = Array.from({ length: 250 }, (_, i) => `book ${i}`);

  test('come in parts from one snapshot', async () => {
    const store = await open();
    await makeShelf(store);
    await addBooks(store, many);
    const parts: Columns[][] = [];
    for await (const part of store.stream(all(store), [0], 100)) {
      if (parts.length === 0) await addBooks(store, ['later']);
      parts.push(part);
    }
    assert.deepEqual(
      parts.map((part) => part.length),
      [100, 100, 50],
    );
    assert.deepEqual(
      parts.flat().map((row) => row.title),
      many,
    );
  });

  test('end when their reader leaves, and can be opened again and again', async () => {
    const store = await open();
    await makeShelf(store);
    await addBooks(store, many);
    for (let round = 0; round < 20; round += 1)
      for await (const part of store.stream(all(store), [0], 10)) {
        assert.equal(part.length, 10);
        break;
      }
    await addBooks(store, ['still writing']);
  });

  test('of nothing have no part', async () => {
    const store = await open();
    await makeShelf(store);
    for await (const part of store.stream(all(store), [0], 10)) assert.fail(`a part of ${part.length}`);
  });

  test('say what is wrong with their statement', async () => {
    const store = await open();
    const wrong = statement(store.dialect, sql`select ${sql.ref('a')} from ${sql.table('nowhere')}`);
    await assert.rejects(async () => {
      for await (const part of store.stream(wrong, [], 10)) assert.fail(`a part of ${part.length}`);
    }, /nowhere/);
    assert.equal(store.health().ready, true);
  });
});
