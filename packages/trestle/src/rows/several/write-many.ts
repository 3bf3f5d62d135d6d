import type { Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { Caller, Context } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { ListQuery } from '../../schema/services/list-query.ts';
import { runner } from '../lists/bound-statement.ts';
import type { ClassLists } from '../lists/list-plan.ts';
import type { AnyService } from '../write.ts';

/** Maximum rows of one write of many. */
export const MAX_WRITTEN = 1_000;

interface Dependencies {
  readonly list: AnyService['list'];
  readonly lists: (caller: Caller) => ClassLists;
  /** Runs a write in one transaction, that of its context where there is one. */
  readonly together: <T>(context: Context, write: (joined: Context) => Promise<T>) => Promise<T>;
}

interface ManyWrite {
  /** Writes some of the rows, or none, and answers their ids. */
  writeMany(context: Context, ids: readonly RowId[]): Promise<Set<unknown>>;
  write(context: Context, id: RowId): Promise<unknown>;
}

/** Writes every row of a filter, in the order of their ids. Throws `invalid_query` where there are more than `max`. */
export function manyWriter(store: Store, { list, lists, together }: Dependencies) {
  return (
    context: Context,
    { filter, search, shortLists, max }: Parameters<AnyService['removeMany']>[1],
    { writeMany, write }: ManyWrite,
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
      const written = await writeMany(joined, ids);
      for (const id of ids) if (!written.has(id)) await write(joined, id);
      return { count: ids.length };
    };
    if (context.transaction) return together(context, async (joined) => writeAll(joined, await find(joined)));
    // They are looked for outside of the transaction, where a long search holds up no other write, and looked at again in it.
    return find(context).then((ids) =>
      together(context, async (joined) => {
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
      }),
    );
  };
}
