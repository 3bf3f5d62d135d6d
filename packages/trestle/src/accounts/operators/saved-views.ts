import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import type { Store } from '../../database/store.ts';
import { INTERNAL } from '../../database/table.ts';
import { Problem } from '../../problems.ts';
import { type SystemModel, SystemTable } from '../../rows/system-tables.ts';
import { inTransaction } from '../../rows/transaction.ts';
import { accountOf, type Context } from '../../schema/caller.ts';
import { resource, systemResource } from '../../schema/define-resource.ts';
import { json } from '../../schema/fields/json.ts';
import { reference } from '../../schema/fields/reference.ts';
import { text } from '../../schema/fields/texts/text.ts';
import { integerId } from '../../schema/id.ts';

/** Views of lists that operators keep under a name. They go with the account. */
export const savedViews = systemResource(
  resource({
    id: integerId(),
    fields: {
      account: reference('accounts', { onDelete: 'cascade' }),
      resource: text({ max: 200 }),
      name: text({ max: 100 }),
      view: json(),
    },
    unique: [['account', 'resource', 'name']],
  }),
  { table: `${INTERNAL}saved_views` },
);

/** Views that one account may keep: a list of them has no pages. */
export const MAX_VIEWS = 200;

/** A view of a list, under a name that its resource has once for each operator. */
interface SavedView {
  readonly id: number;
  readonly resource: string;
  readonly name: string;
  /** Parameters of the list, as the admin UI writes them into its address. */
  readonly view: unknown;
}

/** The views that operators keep, each their own. */
export interface SavedViews {
  /** By resource and name; none for a caller without an account. */
  list(context: Context): Promise<SavedView[]>;
  /** Keeps a view in the place of the one of its name. Throws `forbidden` for a caller without an account, `conflict` for too many. */
  save(context: Context, view: Omit<SavedView, 'id'>): Promise<SavedView>;
  /** Throws `not_found`, also for a view of another operator. */
  remove(context: Context, id: number): Promise<void>;
}

/** Opens the views of an app's operators. */
export function openSavedViews(store: Store, model: SystemModel): SavedViews {
  const table = new SystemTable<typeof savedViews>(model);
  const isOwn = sql`account = ${param('account')}`;
  const select = table.select(sql`where ${isOwn} order by resource, name`);
  const beyond = table.select(
    sql`where ${isOwn} and not (resource = ${param('resource')} and name = ${param('name')})
      limit 1 offset ${sql.lit(MAX_VIEWS - 1)}`,
  );
  const put = table.insert(
    sql`on conflict (account, resource, name) do update set ${sql.ref('view')} = excluded.${sql.ref('view')}`,
  );
  const remove = table.delete(sql`${isOwn} and id = ${param('id')}`);
  const list: SavedViews['list'] = async ({ caller }) => {
    const account = accountOf(caller);
    return account === null ? [] : (await select(store, { account })).map(shown);
  };
  return {
    list,
    async save(context, view) {
      const account = accountOf(context.caller);
      if (account === null)
        throw new Problem('forbidden', { detail: 'Views are kept for an account; sign in as one.' });
      const [saved] = await inTransaction(store, context, async (transaction) => {
        const { resource, name } = view;
        const [more] = await beyond(transaction, { account, resource, name });
        if (more)
          throw new Problem('conflict', { detail: `There are ${MAX_VIEWS} views already; remove one.` });
        return put(transaction, { ...view, account });
      });
      if (!saved) throw new Problem('internal', { cause: new Error('a view that was saved is not there') });
      return shown(saved);
    },
    async remove(context, id) {
      const account = accountOf(context.caller);
      const [gone] = await inTransaction(store, context, (transaction) =>
        remove(transaction, { account, id }),
      );
      if (!gone) throw new Problem('not_found', { data: { resource: 'views', id } });
    },
  };
}

function shown({ id, resource, name, view }: SavedView): SavedView {
  return { id, resource, name, view };
}
