import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import type { Executor, Store } from '../../database/store.ts';
import { INTERNAL } from '../../database/table.ts';
import { csvLine } from '../../rows/exchange/csv.ts';
import { cellsOf, columnsOf } from '../../rows/exchange/row-cells.ts';
import type { Cursors } from '../../rows/lists/list.ts';
import { listsOf, listVerbs } from '../../rows/lists/list.ts';
import type { Model, Row } from '../../rows/model.ts';
import { compileSystemModels, type SystemModel, SystemTable } from '../../rows/system-tables.ts';
import type { Accounts } from '../../schema/accounts.ts';
import { accountOf, type Caller, type Context } from '../../schema/caller.ts';
import { resource, systemResource } from '../../schema/define-resource.ts';
import { seconds } from '../../schema/duration.ts';
import { integer } from '../../schema/fields/integer.ts';
import { list } from '../../schema/fields/list.ts';
import { oneOf } from '../../schema/fields/texts/enum.ts';
import { text } from '../../schema/fields/texts/text.ts';
import { timestamp } from '../../schema/fields/timestamp.ts';
import { integerId } from '../../schema/id.ts';
import type { RouteRequest } from '../../schema/routes/route.ts';
import type { RowOf } from '../../schema/row-types.ts';
import { administrator } from '../../schema/rules.ts';
import type { ListQuery, Page } from '../../schema/services/list-query.ts';
import type { AccountStatements } from '../account-statements.ts';

/**
 * Acts of operators. No reference to the accounts: an entry outlives whoever it names. It has names of fields and never a value.
 */
export const auditEntries = systemResource(
  resource({
    id: integerId(),
    fields: {
      at: timestamp({ index: true }),
      account: text({ nullable: true, max: 40, index: true }),
      username: text({ nullable: true }),
      credential: oneOf(['session', 'key', 'secret', 'cli']),
      key: text({ nullable: true, max: 40 }),
      method: text({ max: 10 }),
      route: text({ max: 1000 }),
      resource: text({ nullable: true, max: 200, index: true }),
      row: text({ nullable: true, max: 40 }),
      fields: list(text(), { default: [] }),
      status: integer({ nullable: true }),
      code: text({ nullable: true, max: 60 }),
      viewed_as: text({ nullable: true, max: 40 }),
      address: text({ nullable: true, max: 100 }),
      agent: text({ nullable: true, max: 200 }),
      request: text({ nullable: true, max: 200 }),
    },
    order: '-id',
  }),
  { table: `${INTERNAL}audit`, can: { read: administrator } },
);

type AuditEntry = RowOf<typeof auditEntries>;

const PAGE_SIZE = 200;

/** Who acted: of a command (`cli`) the user of the operating system. */
type Actor = Pick<AuditEntry, 'account' | 'username' | 'credential' | 'key'>;

/** An act, without who it was and when. */
export type Act = Omit<AuditEntry, 'id' | 'at' | keyof Actor>;

const MAX_AGENT_LENGTH = 200;

/** A request as an act of a route that records it itself. */
export function actOf(
  { method, headers, origin }: Pick<RouteRequest, 'method' | 'headers' | 'origin'>,
  act: Pick<Act, 'route' | 'fields' | 'status'> & Partial<Act>,
): Act {
  return {
    method,
    resource: 'administration',
    row: null,
    code: null,
    viewed_as: null,
    address: origin.address,
    agent: headers['user-agent']?.toString().slice(0, MAX_AGENT_LENGTH) ?? null,
    request: origin.requestId ?? null,
    ...act,
  };
}

/** An act and who it was. */
export type AttributedAct = Act & Actor;

/** Compiles the writing of entries, for commands, which open no accounts. */
export function auditWriter(
  store: Store,
  declared: Accounts,
): (executor: Executor, act: AttributedAct, at: string) => Promise<void> {
  const insert = new SystemTable<typeof auditEntries>(
    compileSystemModels({ audit: auditEntries }, declared, store).audit,
  ).insert();
  return async (executor, act, at) => void (await insert(executor, { ...act, at }));
}

interface Dependencies {
  readonly store: Store;
  readonly model: SystemModel;
  readonly cursors: Cursors;
  readonly accounts: AccountStatements;
  readonly declared: Accounts;
  readonly now: () => number;
  /** Told where an entry could not be written. */
  readonly failed: (error: unknown) => void;
}

/** Acts of the operators of an app: who, when, what and from where, kept for a set time. */
export class Audit {
  /** Entries as operators see them: lists are read by it, and documented. */
  readonly model: Model;
  readonly #dependencies: Dependencies;
  readonly #verbs: ReturnType<typeof listVerbs>;
  readonly #insert: (executor: Executor, values: Record<string, unknown>) => Promise<unknown>;
  readonly #purge: (executor: Executor, values: Record<string, unknown>) => Promise<void>;
  /** Writes under way that nobody waits for. */
  readonly #writing = new Set<Promise<void>>();

  constructor(dependencies: Dependencies) {
    const { model, store, cursors } = dependencies;
    const table = new SystemTable<typeof auditEntries>(model);
    this.#dependencies = dependencies;
    this.model = model.view;
    this.#verbs = listVerbs(listsOf(model.view), store, cursors);
    this.#insert = table.insert();
    this.#purge = table.execute(sql`delete from ${table.name} where at < ${param('before')}`);
  }

  /** Writes an act down, in the transaction of what it changes. */
  async record(executor: Executor, caller: Caller, act: Act): Promise<void> {
    const { now } = this.#dependencies;
    const at = new Date(now()).toISOString();
    await this.#insert(executor, { ...act, at, ...(await this.actorOf(executor, caller)) });
  }

  /** Who a caller is, by the name of now. */
  async actorOf(executor: Executor, caller: Caller): Promise<Actor> {
    const { accounts } = this.#dependencies;
    const id = accountOf(caller);
    const [account] = id === null ? [] : await accounts.byId(executor, { id });
    return {
      account: id === null ? null : String(id),
      username: account?.username ?? null,
      credential: caller.kind === 'account' ? 'session' : caller.kind === 'key' ? 'key' : 'secret',
      key: caller.kind === 'key' ? caller.key : null,
    };
  }

  /** Writes an act down by itself: one that was refused, or has no transaction. Resolves in any case. */
  note(caller: Caller, act: Act): Promise<void> {
    const { store, failed } = this.#dependencies;
    const writing: Promise<void> = store
      .write((transaction) => this.record(transaction, caller, act))
      .catch(failed)
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    return writing;
  }

  list(context: Context, query?: ListQuery, cursor?: string): Promise<Page<unknown>> {
    return this.#verbs.list(context, query, cursor);
  }

  /** All entries of a query as a file, a part at a time. */
  async *export(context: Context, query: ListQuery, format: 'csv' | 'ndjson'): AsyncGenerator<string> {
    const cells = cellsOf(this.model);
    if (format === 'csv') yield csvLine(columnsOf(this.model).map(({ name }) => name));
    // Page after page: nothing is held while a client reads slowly.
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: Page<Row> = await this.#verbs.list(context, { ...query, limit: PAGE_SIZE }, cursor);
      // Names and agents come from outside: no spreadsheet may take a cell for a formula (OWASP, CSV injection).
      const inert = (cell: string | null) => (cell !== null && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell);
      const lines = page.items.map((row) =>
        format === 'csv' ? csvLine(cells(row).map(inert)) : `${JSON.stringify(row)}\n`,
      );
      yield lines.join('');
      cursor = page.next;
    }
  }

  async purge(transaction: Executor): Promise<void> {
    const { now, declared } = this.#dependencies;
    const before = now() - seconds(declared.audit, 'accounts.audit') * 1000;
    await this.#purge(transaction, { before: new Date(before).toISOString() });
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await Promise.all(this.#writing);
  }
}
