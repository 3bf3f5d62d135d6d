import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { unwrap } from 'trestle-client';
import { clientOf, type Id, type Row } from './api.ts';
import { type Declaration, type DeclaredResource, resourceOf } from './declaration.ts';

/** The field that names a row of a resource for people; undefined where only its id does. */
export function labelField(declaration: Declaration, resource: string): string | undefined {
  const display = resourceOf(declaration, resource)?.display;
  return display === 'id' ? undefined : display;
}

/** A row in a few words. */
export function labelOf(declaration: Declaration, resource: string, row: Row): string {
  const field = labelField(declaration, resource);
  const text = field === undefined ? undefined : row[field];
  return typeof text === 'string' && text !== '' ? text : String(row.id);
}

/** Rows of a resource that fit what was typed: the ones to pick from. */
export async function findRows(
  { app, declaration, resource }: { app: string; declaration: Declaration; resource: string },
  text: string,
  signal?: AbortSignal,
): Promise<Row[]> {
  const typed = text.trim();
  const field = labelField(declaration, resource);
  const isSearched = (resourceOf(declaration, resource)?.search.length ?? 0) > 0;
  const condition =
    field === undefined || typed === '' || isSearched ? {} : { filter: { [field]: { icontains: typed } } };
  const search = isSearched && typed !== '' ? { search: typed } : {};
  const options = signal ? { signal } : {};
  const rows = clientOf(app).rows[resource];
  if (!rows) return [];
  const found = unwrap(await rows.list({ limit: 20, ...condition, ...search }, options)).items;
  if (found.length > 0 || typed === '') return found;
  // Whoever knows the id types that.
  const byId = await rows.list({ limit: 1, filter: { id: { eq: typed } } }, options);
  return byId.ok ? byId.value.items : [];
}

/** Remembers rows that were read together with others, so that their names are known. */
export function keepLabels(queries: QueryClient, app: string, resource: string, rows: readonly Row[]): void {
  for (const row of rows) queries.setQueryData(['label', app, resource, String(row.id)], row);
}

export function useLabelKeeper(app: string): (resource: DeclaredResource, rows: readonly Row[]) => void {
  const queries = useQueryClient();
  return (resource, rows) => {
    for (const { name, resource: target } of resource.fields) {
      if (target === null) continue;
      for (const row of rows) {
        const inner: unknown = Reflect.get(Object(row.expand), name);
        const related = [inner].flat().filter((one): one is Row => typeof one === 'object' && one !== null);
        keepLabels(queries, app, target, related);
      }
    }
  };
}

/** The rows of some ids, by a list, which counts no read. */
export async function readLabels(app: string, resource: string, ids: readonly Id[]): Promise<Row[]> {
  if (ids.length === 0) return [];
  const rows = clientOf(app).rows[resource];
  if (!rows) return [];
  return unwrap(await rows.list({ limit: 100, filter: { id: { in: ids.slice(0, 100) } } })).items;
}
