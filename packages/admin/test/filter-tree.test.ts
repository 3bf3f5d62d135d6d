// The filter builder's trees, against the server's own grammar: whatever is nested in whatever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApps } from '../../trestle/test/harness.ts';
import { eachPlace } from '../../trestle/test/stores.ts';
import { type FilterNode, filterTree } from '../src/screens/rows/filter-tree.ts';
import { OPERATOR } from './browser.ts';
import { library, operatorToken, seed } from './library.ts';

const HERE = { caller: { kind: 'anonymous' }, origin: { address: '192.0.2.9' } } as const;

eachPlace('filters of the builder', (place) => {
  test('every tree of conditions means the same to the server', async () => {
    await using served = await startApps(library, await place());
    await served.engines[0]?.operators.create(HERE, OPERATOR, 'administrator');
    await seed(served);
    const token = await operatorToken(served);
    const { body } = await served.call<{ items: Book[] }>('GET /v1/books?limit=200', { token });
    let state = 7;
    const random = (below: number) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    const conditions: readonly (() => FilterNode)[] = [
      () => ['pages', 'gt', random(200)],
      () => ['pages', 'lte', random(200)],
      () => ['author', 'eq', 1 + random(2)],
      () => ['author.born', 'lt', 1800 + random(120)],
      () => ['author.name', 'starts', random(2) ? 'A' : 'G'],
      () => ['title', 'icontains', String(random(10))],
      () => ['price', 'null', random(2) === 1],
    ];
    const node = (depth: number): FilterNode => {
      if (depth === 0 || random(3) === 0)
        return (conditions[random(7)] ?? conditions[0])?.() ?? ['pages', 'gt', 0];
      const nodes = Array.from({ length: 1 + random(2) }, () => node(depth - 1));
      return random(2) === 0 ? { all: nodes } : { any: nodes };
    };
    for (let round = 0; round < 60; round += 1) {
      const nodes = Array.from({ length: 1 + random(2) }, () => node(2));
      const answer = await served.call<{ items: Book[] }>('POST /v1/books:search', {
        token,
        body: { filter: filterTree(nodes), limit: 200, fields: ['id'] },
      });
      const of = JSON.stringify(nodes);
      // A filter that says the same in many alternatives may ask too much; it is refused, and never another.
      if (answer.status === 400) assert.match(JSON.stringify(answer.body), /asks too much/, of);
      else {
        const expected = body.items.filter((row) => nodes.every((one) => holds(one, row)));
        const found = answer.body.items.filter(({ id }) => id <= 200);
        assert.deepEqual(
          found.map(({ id }) => id),
          expected.map(({ id }) => id),
          of,
        );
      }
    }
  });
});

interface Book {
  id: number;
  title: string;
  pages: number;
  price: string | null;
  author: number;
}

const AUTHORS: Readonly<Record<number, { name: string; born: number }>> = {
  1: { name: 'Ada', born: 1815 },
  2: { name: 'Grace', born: 1906 },
};

/** Whether a book fits, as a filter says it. */
function holds(node: FilterNode, row: Book): boolean {
  if ('all' in node) return node.all.every((one) => holds(one, row));
  if ('any' in node) return node.any.some((one) => holds(one, row));
  const [path, operator, operand] = node;
  const author = AUTHORS[row.author];
  const value = { ...row, 'author.born': author?.born, 'author.name': author?.name }[path];
  const texts = [value, operand].map((one) => String(one).toLowerCase()) as [string, string];
  const tests: Readonly<Record<string, boolean>> = {
    gt: Number(value) > Number(operand),
    lt: Number(value) < Number(operand),
    lte: Number(value) <= Number(operand),
    eq: value === operand,
    null: (value === null) === operand,
    icontains: texts[0].includes(texts[1]),
    starts: texts[0].startsWith(texts[1]),
  };
  return tests[operator] ?? false;
}
