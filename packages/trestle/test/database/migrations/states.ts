import { type Migrated, type MigrateOptions, migrate } from '../../../src/database/migrations/migrate.ts';
import { renamesOf } from '../../../src/database/migrations/renames.ts';
import type { Store } from '../../../src/database/store.ts';
import type { Table } from '../../../src/database/table.ts';
import { idColumn, tablesOf } from '../../../src/database/tables.ts';
import { type Accounts, accounts, integerId, type Resources } from '../../../src/index.ts';
import { ACCOUNTS_TABLE } from '../../../src/schema/accounts.ts';

const declaredAccounts: Accounts = accounts({ id: integerId() });

/** The tables of a declaration, with the one that author() refers to. */
export function tablesFor(resources: Resources): Table[] {
  const own: Table = { name: ACCOUNTS_TABLE, columns: [idColumn(declaredAccounts.id)], indexes: [] };
  return [own, ...tablesOf(resources, declaredAccounts)];
}

/** Brings a store to a declaration, as the engine does at start. */
export function migrateTo(
  store: Store,
  resources: Resources,
  options: MigrateOptions = {},
): Promise<Migrated> {
  return migrate(store, tablesFor(resources), { renames: renamesOf(resources), ...options });
}
