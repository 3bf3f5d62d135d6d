import { isDeepStrictEqual } from 'node:util';
import { instantNow } from '../../clock.ts';
import { sql } from '../../database/sql.ts';
import { bind, param, statement } from '../../database/statement.ts';
import type { Executor, Store } from '../../database/store.ts';
import { INTERNAL } from '../../database/table.ts';
import type { Accounts } from '../../schema/accounts.ts';
import { accountOf, type Context, system } from '../../schema/caller.ts';
import { resource, systemResource } from '../../schema/define-resource.ts';
import { author } from '../../schema/fields/author.ts';
import { json } from '../../schema/fields/json.ts';
import { oneOf } from '../../schema/fields/texts/enum.ts';
import { text } from '../../schema/fields/texts/text.ts';
import { timestamp } from '../../schema/fields/timestamp.ts';
import { integerId, type RowId } from '../../schema/id.ts';
import type { Resources, RowOf } from '../../schema/row-types.ts';
import {
  HISTORY_ACTIONS,
  type HistoryEntry,
  type HistoryQuery,
} from '../../schema/services/history-entry.ts';
import type { Page } from '../../schema/services/list-query.ts';
import type { ChangeRecorder } from '../change-recorder.ts';
import type { Cursors } from '../lists/list.ts';
import type { Model, Row } from '../model.ts';
import { visibleRowFinder } from '../read.ts';
import { recordedView } from '../relations/recorded-view.ts';
import { compileSystemModels, type SystemReads, systemReads } from '../system-tables.ts';
import { readerOf } from '../transaction.ts';
import { notFound, requireId } from '../validate.ts';
import { bulkInsertOf } from '../write-statements.ts';

/** Changes of the rows of resources with `history`, written in the transactions that make them. */
const history = systemResource(
  resource({
    id: integerId(),
    fields: {
      resource: text(),
      row: text(),
      action: oneOf(HISTORY_ACTIONS),
      at: timestamp(),
      by: author(),
      before: json({ nullable: true }),
      after: json({ nullable: true }),
    },
    order: '-id',
    indexes: [['resource', 'row']],
  }),
  { table: `${INTERNAL}history` },
);

const HISTORY = { history };

/** The table of changes, where a resource has a history; an app without has no such table. */
export function historyResources(resources: Resources): Resources {
  return Object.values(resources).some((one) => one.history) ? HISTORY : {};
}

/** Reads the history of one row. */
type ReadHistory = (context: Context, id: RowId, query?: HistoryQuery) => Promise<Page<HistoryEntry<Row>>>;

/** Records the changes of an app's rows, and compiles what reads them; undefined where no resource has a history. */
export function openHistory(
  resources: Resources,
  { store, accounts, cursors }: { store: Store; accounts: Accounts; cursors: Cursors },
): { readonly recorder: ChangeRecorder; readonly reader: (model: Model) => ReadHistory } | undefined {
  const recorder = historyRecorder(resources, { store, accounts });
  if (!recorder) return undefined;
  const { history: table } = compileSystemModels(HISTORY, accounts, store);
  const reads = systemReads<RowOf<typeof history>>(table, store, cursors);
  return { recorder, reader: (model) => historyReader(model, { store, table: table.record }, reads) };
}

/** Records the changes of an app's rows; undefined where no resource has a history. */
export function historyRecorder(
  resources: Resources,
  { store, accounts }: { store: Store; accounts: Accounts },
): ChangeRecorder | undefined {
  if (!Object.values(resources).some((one) => one.history)) return undefined;
  const { history: table } = compileSystemModels(HISTORY, accounts, store);
  const insert = bulkInsertOf(table.record, false);
  return {
    records: (model) => model.resource.history,
    async record(transaction, changes) {
      const at = instantNow();
      const rows = changes.map(({ model, caller, before = null, after = null, restored = false }) => ({
        resource: model.name,
        row: String((after ?? before)?.id),
        action: restored ? 'restore' : !before ? 'create' : after ? 'update' : 'delete',
        at,
        by: accountOf(caller),
        before: restored ? null : before,
        after,
      }));
      await insert(transaction, rows);
    },
  };
}

/** Ids that no row has, by their kind. */
const ABSENT: Readonly<Record<string, unknown>> = {
  integer: 0,
  uuid: '00000000-0000-0000-0000-000000000000',
};

interface LastRow {
  readonly row: Row;
  /** False where no row was deleted: then it is a blank one. */
  readonly isDeleted: boolean;
}

/**
 * Compiles the search of a row that is gone, as it last was. Where there is none, it reads a blank row in its place: how long an
 * answer takes tells nothing of a row that is hidden.
 */
function deletedRowFinder(model: Model, table: Model, names: readonly string[]) {
  const { dialect } = model;
  const there = sql`select 1 from ${model.table} where ${model.table}.${sql.ref('id')} = ${param('id')} and ${model.live ?? sql`1 = 1`}`;
  const last = statement(
    dialect,
    sql`select (select ${sql.ref('before')} from ${table.table}
      where ${sql.ref('resource')} in (${sql.join(names.map(sql.lit))}) and ${sql.ref('row')} = ${param('row')}
        and ${sql.ref('after')} is null
      order by ${sql.ref('id')} desc limit 1) as ${sql.id('before')}, exists (${there}) as ${sql.id('there')}`,
  );
  const decode = dialect.decoder('json') ?? ((value: unknown) => value);
  const blank = JSON.stringify(
    Object.fromEntries(model.fields.map(({ name, kind }) => [name, ABSENT[kind] ?? null])),
  );
  return async (executor: Executor, id: RowId): Promise<LastRow> => {
    const [found] = await executor.all(last, bind(last, { id, row: String(id) }));
    const { before = null, there: isThere } = found ?? {};
    // A row was written there.
    const row = decode(before ?? blank) as Row;
    return { row: { ...row, id }, isDeleted: before !== null && !isThere };
  };
}

/**
 * The changes of a row, newest first, to callers who may read it now, or could as it last was. Of each change they see what
 * they could read then: a side of it that the rule hid is null, and a change that it hid altogether is left out.
 */
function historyReader(
  model: Model,
  { store, table }: { store: Store; table: Model },
  reads: SystemReads<RowOf<typeof history>>,
): ReadHistory {
  const {
    name,
    policy,
    resource: { was },
  } = model;
  const names = was === undefined ? [name] : [name, was];
  const find = visibleRowFinder(model);
  const findDeleted = deletedRowFinder(model, table, names);
  return async (context, id, { limit = 50, cursor } = {}) => {
    const { caller } = context;
    policy.admit(caller, 'read');
    requireId(model, id);
    const executor = readerOf(store, context);
    const may = async (row: Row | null) =>
      row !== null && (await policy.allows(caller, 'read', row, executor));
    const all = system({ ...(context.transaction && { transaction: context.transaction }) });
    const query = { filter: { resource: { in: names }, row: { eq: String(id) } } };
    if (!(await find(executor, caller, id))) {
      const { row, isDeleted } = await findDeleted(executor, id);
      // The rule is asked of a blank row too, so that the time tells nothing of one that is hidden.
      const isReadable = await may(row);
      if (!isDeleted || !isReadable) throw notFound(model, id);
    }

    const page = await reads.list(all, { ...query, limit }, cursor);
    const items: HistoryEntry<Row>[] = [];
    const view = recordedView(model, policy.fields(caller, 'read', id));
    let verdict: { readonly of: unknown; readonly holds: boolean } | undefined;
    for (const { action, at, by, before, after } of page.items) {
      // The state before a change is the one after the change before: its rule is asked again where that may tell another.
      const [old, next] = [before as Row | null, after as Row | null];
      const changed = Object.keys({ ...old, ...next }).filter(
        (key) => !isDeepStrictEqual(old?.[key], next?.[key]),
      );
      const isNew = verdict && isDeepStrictEqual(verdict.of, next) ? verdict.holds : await may(next);
      const isOld = old && next && policy.isSettled(caller, 'read', changed) ? isNew : await may(old);
      verdict = { of: old, holds: isOld };
      const shown = async (row: Row | null, isReadable: boolean, other: boolean) => {
        if (!row || !isReadable) return null;
        const seen = await view(row, caller, executor);
        const names = (other ? changed : Object.keys(row)).filter((key) => key in seen);
        return Object.fromEntries(names.map((key) => [key, seen[key]]));
      };
      const sides = { before: await shown(old, isOld, isNew), after: await shown(next, isNew, isOld) };
      const entry = { action, at, by, ...sides };
      if (Object.keys({ ...entry.before, ...entry.after }).length > 0) items.push(entry);
    }
    return { ...page, items };
  };
}
