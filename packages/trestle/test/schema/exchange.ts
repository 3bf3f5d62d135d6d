import assert from 'node:assert/strict';
import type { App } from 'trestle';
import { migrate } from '../../src/database/migrations/migrate.ts';
import type { Store } from '../../src/database/store.ts';
import { tablesOfApp } from '../../src/engine.ts';
import { parseJsonText } from '../../src/http/requests/bodies.ts';
import { type Format, readEntries } from '../../src/rows/exchange/entries.ts';
import { exportRows } from '../../src/rows/exchange/export-rows.ts';
import { importRows } from '../../src/rows/exchange/import-rows.ts';
import { compileModels } from '../../src/rows/model.ts';

/** Opens the import and export of one resource of an app, over a new store. */
export async function exchangeOf(declared: App, name: string, store: Store) {
  await migrate(store, tablesOfApp(declared));
  const model = compileModels(declared.resources, declared.accounts, store.dialect).get(name);
  assert.ok(model);
  return {
    exported: async (format: Format) => (await Array.fromAsync(exportRows(store, model, format))).join(''),
    imported: (format: Format, content: string) =>
      importRows(store, model, () => readEntries(model, format, [content], parseJsonText)),
  };
}
