import { useQuery } from '@tanstack/react-query';
import type { Id, Row } from '../api/api.ts';
import { useDeclaration } from '../api/declaration.ts';
import { labelOf, readLabels } from '../api/labels.ts';

/** Reads of names that are asked for together go out as one list. */
const waiting = new Map<string, { ids: Set<Id>; rows: Promise<Row[]> }>();

function readTogether(app: string, resource: string, id: Id): Promise<Row | undefined> {
  const key = `${app}/${resource}`;
  let batch = waiting.get(key);
  if (!batch) {
    const ids = new Set<Id>();
    const rows = Promise.resolve().then(() => {
      waiting.delete(key);
      return readLabels(app, resource, [...ids]);
    });
    batch = { ids, rows };
    waiting.set(key, batch);
  }
  batch.ids.add(id);
  return batch.rows.then((rows) => rows.find((row) => String(row.id) === String(id)));
}

/** A row by the field that names it; by its id until that is known. */
export function RowName({ app, resource, id }: { app: string; resource: string; id: Id }) {
  const declaration = useDeclaration(app);
  const { data: row } = useQuery({
    queryKey: ['label', app, resource, String(id)],
    queryFn: async () => (await readTogether(app, resource, id)) ?? null,
    staleTime: 60_000,
  });
  return <>{row ? labelOf(declaration, resource, row) : String(id)}</>;
}
