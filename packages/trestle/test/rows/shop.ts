import {
  accounts,
  anyone,
  author,
  boolean,
  counter,
  createdAt,
  editor,
  integer,
  integerId,
  list,
  object,
  own,
  reference,
  resource,
  signedIn,
  text,
  timestamp,
  updatedAt,
} from 'trestle';
import type { Context } from 'trestle/contract';
import { accountResources } from '../../src/accounts/resources.ts';
import { migrate } from '../../src/database/migrations/migrate.ts';
import { sql } from '../../src/database/sql.ts';
import { param, statement } from '../../src/database/statement.ts';
import type { Store } from '../../src/database/store.ts';
import { tablesOf } from '../../src/database/tables.ts';
import { openServices } from '../../src/rows/open-services.ts';

/** A small declaration with one of everything the services treat differently. */
const products = resource({
  id: integerId(),
  fields: {
    name: text({ min: 1, max: 20, unique: true, search: true }),
    price: integer({ nullable: true, min: 0 }),
    sold: boolean({ default: false }),
    views: counter({ countsReads: true, resetOnUpdate: true }),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  order: '-name',
  can: { read: anyone, create: signedIn, update: signedIn, delete: signedIn },
});

const reviews = resource({
  fields: {
    title: text({ max: 50 }),
    product: reference('products', { onDelete: 'cascade' }),
    points: list(object({ text: text(), marks: list(integer(), { default: [] }) }), { default: [] }),
    seen_at: timestamp({ nullable: true }),
    writer: author(),
    last_writer: editor(),
  },
  order: 'title',
  can: { read: anyone, create: signedIn, update: own('writer'), delete: own('writer') },
});

const diaries = resource({
  id: integerId(),
  fields: { entry: text(), mood: text({ nullable: true }), owner: author() },
  atLeastOne: ['mood'],
  can: { read: own('owner'), create: signedIn, update: own('owner'), delete: own('owner') },
});

const locked = resource({ id: integerId(), fields: { secret: text() } });

export const shop = { products, reviews, diaries, locked };

export const anonymous: Context = { caller: { kind: 'anonymous' } };
export const ann: Context = { caller: { kind: 'account', account: 1, session: 'a' } };
export const bob: Context = { caller: { kind: 'account', account: 2, session: 'b' } };

/** The services of the shop over a new store, with two accounts in it. */
export async function openShop(store: Store) {
  const declared = accounts({ id: integerId() });
  await migrate(store, [...tablesOf(accountResources(declared), declared), ...tablesOf(shop, declared)]);
  const insert = statement(
    store.dialect,
    sql`insert into ${sql.table('_trestle_accounts')} (${sql.ref('username')}, ${sql.ref('created_at')})
      values (${param('name')}, ${param('now')})`,
  );
  const now = new Date().toISOString();
  for (const name of ['ann', 'bob']) await store.write((transaction) => transaction.all(insert, [name, now]));
  return openServices({ resources: shop, accounts: declared, store, cursorKey: Buffer.alloc(32, 1) })
    .services;
}
