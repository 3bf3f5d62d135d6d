import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  author,
  boolean,
  counter,
  createdAt,
  type Field,
  integer,
  integerId,
  json,
  number,
  type Resource,
  type Resources,
  reference,
  resource,
  text,
  timestamp,
} from '../../../src/index.ts';
import { eachPlace } from '../../stores.ts';
import { meeting } from './meeting.ts';
import { migrateTo } from './states.ts';
import { structureOf } from './structure.ts';

const RUNS = Number(process.env.TRESTLE_TEST_RUNS ?? 4);
const TABLES = ['ants', 'bees', 'cows'] as const;
const FIELDS = ['one', 'two', 'three'] as const;

const options = fc.record(
  { nullable: fc.constant(true), index: fc.boolean(), unique: fc.boolean() },
  { requiredKeys: [] },
);

interface Chosen {
  nullable?: true;
  index?: boolean;
  unique?: boolean;
}

/** How a field of each kind is made. One that refers does so to `target`. */
const KINDS: readonly ((chosen: Chosen, was: { was?: string }, target: string) => Field)[] = [
  (chosen, was) => text({ ...chosen, ...was, default: 'x' }),
  (chosen, was) => integer({ ...chosen, ...was }),
  (chosen, was) => integer({ ...chosen, ...was, default: 7 }),
  (chosen, was) => number({ ...chosen, ...was }),
  (chosen, was) => boolean({ ...chosen, ...was }),
  (chosen, was) => timestamp({ ...chosen, ...was }),
  (_, was) => json({ ...was, nullable: true }),
  (_, was) => author(was),
  (_, was) => createdAt(was),
  (_, was) => counter(was),
  (chosen, was, target) =>
    reference(target, { ...chosen, ...was, onDelete: chosen.nullable ? 'setNull' : 'cascade' }),
];

const anyField = (target: string): fc.Arbitrary<(was: { was?: string }) => Field> =>
  fc.tuple(options, fc.constantFrom(...KINDS)).map(
    ([chosen, make]) =>
      (was: { was?: string }) =>
        make(chosen, was, target),
  );

/** Old names for the new ones: of those that are no longer declared, none twice. */
function withRename(names: readonly string[], pool: readonly string[], pick: number): Map<string, string> {
  const free = pool.filter((name) => !names.includes(name));
  const [old] = free;
  const name = names[pick % names.length];
  return old !== undefined && name !== undefined && pick % 2 === 0 ? new Map([[name, old]]) : new Map();
}

const wasOf = (renames: Map<string, string>, name: string) => {
  const was = renames.get(name);
  return was === undefined ? {} : { was };
};

const anyResource = (target: string): fc.Arbitrary<(was: { was?: string }) => Resource> =>
  fc
    .tuple(
      fc.subarray([...FIELDS], { minLength: 1 }),
      fc.array(anyField(target), { minLength: 3, maxLength: 3 }),
      fc.nat(20),
      fc.nat(3),
    )
    .map(([names, makers, pick, sorting]) => (was: { was?: string }) => {
      const renames = withRename(names, FIELDS, pick);
      const fields = names.map((name, at) => [name, makers[at]?.(wasOf(renames, name)) ?? text()] as const);
      const sortable = fields.filter(([, field]) => field.type.column !== 'json').map(([name]) => name);
      const order = sortable.slice(0, sorting).map((name, at) => (at % 2 === 0 ? `-${name}` : name));
      const given = Object.fromEntries(fields);
      return resource({ id: integerId(), fields: given, order: order as `-${string}`[], ...was });
    });

const anyDeclaration: fc.Arbitrary<Resources> = fc
  .tuple(fc.subarray([...TABLES], { minLength: 1 }), fc.nat(20))
  .chain(([names, pick]) => {
    const target = names[pick % names.length] ?? TABLES[0];
    const renames = withRename(names, TABLES, pick);
    return fc
      .tuple(...names.map(() => anyResource(target)))
      .map((makers) =>
        Object.fromEntries(names.map((name, at) => [name, makers[at]?.(wasOf(renames, name))])),
      )
      .map((made) => made as Record<string, Resource>);
  });

eachPlace('any series of declarations', (newPlace) => {
  test('ends in what a fresh database has', async () => {
    const place = await newPlace();
    let count = 0;
    const opened = () => {
      count += 1;
      return meeting(place, `any_${count}`).open();
    };
    const fresh = async (resources: Resources) => {
      const store = await opened();
      await migrateTo(store, resources);
      const structure = await structureOf(store);
      await store.close();
      return structure;
    };
    await fc.assert(
      fc.asyncProperty(fc.array(anyDeclaration, { minLength: 2, maxLength: 4 }), async (series) => {
        const store = await opened();
        try {
          for (const resources of series) {
            await migrateTo(store, resources, { apply: 'destructive', back: true });
            assert.deepEqual(await structureOf(store), await fresh(resources));
          }
        } finally {
          await store.close();
        }
      }),
      { numRuns: RUNS },
    );
  });
});
