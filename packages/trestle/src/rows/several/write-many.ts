import type { Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { Caller, Context } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { ListQuery } from '../../schema/services/list-query.ts';
import type { Versioned } from '../../schema/services/row-service.ts';
import { runner } from '../lists/bound-statement.ts';
import type { ClassLists } from '../lists/list-plan.ts';
import type { Row } from '../model.ts';
import type { Placed } from '../own-code/before-code.ts';
import type { AnyService, RowWrite, RowWriter } from '../write.ts';

/** Maximum rows of one write of many. */
export const MAX_WRITTEN = 1_000;

interface Dependencies {
  readonly writer: RowWriter;
  readonly list: AnyService['list'];
  readonly lists: (caller: Caller) => ClassLists;
  /** Runs a write in one transaction, that of its context where there is one. */
  readonly together: <T>(context: Context, write: (joined: Context) => Promise<T>) => Promise<T>;
}

/** Writes every row of a filter, in the order of their ids. Throws `invalid_query` where there are more than `max`. */
export function manyWriter(store: Store, { writer, list, lists, together }: Dependencies) {
  return (
    context: Context,
    { filter, search, shortLists, max }: Parameters<AnyService['removeMany']>[1],
    write: Pick<RowWrite, 'verb' | 'merge' | 'body'>,
  ) => {
    if (!Number.isInteger(max) || max < 1 || max > MAX_WRITTEN)
      throw new Problem('invalid_query', { detail: `max: expected an integer from 1 to ${MAX_WRITTEN}.` });
    if (Object.keys(filter ?? {}).length === 0 && search === undefined)
      throw new Problem('invalid_query', { detail: 'filter: name the rows that are to be written.' });
    const query: ListQuery = {
      fields: [],
      sort: ['id'],
      limit: max + 1,
      ...(filter && { filter }),
      ...(search !== undefined && { search }),
      ...(shortLists && { shortLists }),
    };
    const { model } = lists(context.caller);
    const find = async (asked: Context) => {
      const { items } = await list(asked, query);
      if (items.length > max)
        throw new Problem('invalid_query', {
          detail: `max: more than ${max} rows of ${model.name} match; nothing was written.`,
          data: { resource: model.name, max },
        });
      return items.map(({ id }) => id);
    };
    const writeAll = async (joined: Context, ids: readonly RowId[]) => {
      // One statement for those that need no look; the others one by one, which tells why one is refused.
      const written = await writer.writeMany(joined, write, ids);
      const left = ids.filter((id) => !written.has(id));
      await writeEach(
        writer,
        joined,
        left.map((id) => ({ ...write, id })),
      );
      return { count: ids.length };
    };
    if (context.transaction) return together(context, async (joined) => writeAll(joined, await find(joined)));
    // They are looked for outside of the transaction, where a long search holds up no other write, and looked at again in it.
    return find(context).then((ids) => {
      if (ids.length === 0) return writeAll(context, ids);
      return together(context, async (joined) => {
        const { plans } = lists(joined.caller);
        const still = plans.related.bind(
          { plan: plans.of(joined.caller, query), ids, by: undefined },
          joined.caller,
        );
        const left = new Set((await runner(store, joined)(still)).map(({ id }) => id));
        return writeAll(
          joined,
          ids.filter((id) => left.has(id)),
        );
      });
    });
  };
}

/** Writes rows one by one in the transaction of a context. Code of the app that runs before them runs for all at once. */
export async function writeEach(
  writer: RowWriter,
  joined: Context,
  writes: readonly RowWrite[],
  placed: Placed = (error) => error,
): Promise<Versioned<Row>[]> {
  const prepared = await writer.prepare(joined, writes, placed);
  // Where the transaction is repeated, other rows may be found by now.
  const byId = new Map(prepared.map((write) => [write.id, write]));
  const rows: Versioned<Row>[] = [];
  for (const [at, write] of writes.entries()) {
    const request = (write.id === undefined ? prepared[at] : byId.get(write.id)) ?? write;
    rows.push(
      await writer.write(joined, request).catch((error) => {
        throw placed(error, at);
      }),
    );
  }
  return rows;
}
