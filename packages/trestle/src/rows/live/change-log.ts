import { instantNow } from '../../clock.ts';
import type { Notifier } from '../../database/notifier.ts';
import { type Sql, sql } from '../../database/sql.ts';
import { param, type Statement, statement } from '../../database/statement.ts';
import type { Executor, Store } from '../../database/store.ts';
import { INTERNAL } from '../../database/table.ts';
import type { Accounts } from '../../schema/accounts.ts';
import { resource, systemResource } from '../../schema/define-resource.ts';
import { json } from '../../schema/fields/json.ts';
import { text } from '../../schema/fields/texts/text.ts';
import { timestamp } from '../../schema/fields/timestamp.ts';
import { integerId } from '../../schema/id.ts';
import type { Resources } from '../../schema/row-types.ts';
import { type RuleData, ruleData, type Verb } from '../../schema/rules.ts';
import type { ChangeRecorder, RowChange } from '../change-recorder.ts';
import type { Model, Row } from '../model.ts';
import { compileSystemModels, SystemTable } from '../system-tables.ts';
import type { OpenTransaction } from '../transaction.ts';
import { bulkInsertOf } from '../write-statements.ts';

/** How long a change can be resumed from. */
const LIFETIME_MS = 24 * 3_600_000;
/** Changes that are read at once. */
const MAX_READ = 500;

/**
 * Changes of rows of live resources, in the order of their commits. Both rows are null where all of a resource may have
 * changed: an import, or a resource that a rule looks at.
 */
const changes = systemResource(
  resource({
    id: integerId(),
    fields: {
      resource: text(),
      before: json({ nullable: true }),
      after: json({ nullable: true }),
      changed_at: timestamp({ index: true }),
    },
  }),
  { table: `${INTERNAL}changes` },
);

const CHANGES = { changes };
/** Where processes are told of commits with changes. */
export const CHANGES_CHANNEL = 'changes';

/** The table of changes, where a resource is live; else none, so that an app without live lists has no such table. */
export function changeResources(resources: Resources): Resources {
  return Object.values(resources).some(({ live }) => live) ? CHANGES : {};
}

interface NewChange {
  readonly resource: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** A change as it was recorded. */
export interface LoggedChange extends NewChange {
  readonly id: number;
  readonly changed_at: string;
}

/** The log of an app's changes; undefined where no resource is live. */
export function openChangeLog(
  { resources, accounts }: { readonly resources: Resources; readonly accounts: Accounts },
  store: Store & Partial<Notifier>,
): ChangeLog | undefined {
  const isLive = Object.values(resources).some(({ live }) => live);
  return isLive ? new ChangeLog(resources, store, accounts) : undefined;
}

/** The changes of an app's live resources, written in the transactions that make them. */
export class ChangeLog implements ChangeRecorder {
  readonly #recorded: ReadonlyMap<string, 'rows' | 'whole'>;
  readonly #statements: ReturnType<typeof compileStatements>;
  readonly #insert: ReturnType<typeof bulkInsertOf>;
  readonly #lock: Statement | undefined;
  readonly #pending = new WeakMap<OpenTransaction, RowChange[]>();
  /** Told after each commit of this process. */
  committed: () => void = () => {};
  /** Wakes other processes at the commit. */
  readonly #announce: (transaction: Executor) => Promise<void>;

  constructor(resources: Resources, store: Store & Partial<Notifier>, accounts: Accounts) {
    const { notify } = store;
    this.#announce = async (transaction) => notify?.call(store, transaction, CHANGES_CHANNEL, '');
    // Live resources by their rows; those that the rules of live ones look at, as wholes.
    const recorded = new Map<string, 'rows' | 'whole'>();
    const lives = named(resources).filter(({ live }) => live);
    for (const { name } of lives)
      for (const other of lookedAt(resources, name, 'read')) recorded.set(other, 'whole');
    for (const { name } of lives) recorded.set(name, 'rows');
    this.#recorded = recorded;
    const { changes: model } = compileSystemModels(CHANGES, accounts, store);
    this.#statements = compileStatements(new SystemTable(model));
    this.#insert = bulkInsertOf(model.record, false);
    const { commitOrder } = store.dialect;
    this.#lock = commitOrder && statement(store.dialect, commitOrder);
  }

  records({ name }: Model): boolean {
    return this.#recorded.has(name);
  }

  async record(transaction: OpenTransaction, made: readonly RowChange[]): Promise<void> {
    const pending = this.#pending.get(transaction);
    if (pending) {
      pending.push(...made);
      return;
    }
    const all = [...made];
    this.#pending.set(transaction, all);
    // Last of all, so that on PostgreSQL nobody waits for a row while others wait for the place in the order.
    transaction.beforeCommit.push(async () => {
      const whole = new Set<string>();
      const rows: NewChange[] = [];
      for (const { model, before = null, after = null, restored } of all)
        if (this.#recorded.get(model.name) === 'whole') whole.add(model.name);
        else rows.push({ resource: model.name, before: restored ? null : before, after });
      for (const name of whole) rows.push({ resource: name, before: null, after: null });
      await this.#append(transaction, rows);
    });
    transaction.afterCommit.push(() => this.committed());
  }

  /** Records that any row of a resource may have changed. Last in its transaction. */
  async recordWhole(transaction: Executor, { name }: Model): Promise<void> {
    if (this.#recorded.has(name))
      await this.#append(transaction, [{ resource: name, before: null, after: null }]);
  }

  async #append(transaction: Executor, rows: readonly NewChange[]): Promise<void> {
    const changed_at = instantNow();
    if (this.#lock) await transaction.all(this.#lock, []);
    await this.#insert(
      transaction,
      rows.map((row) => ({ ...row, changed_at })),
    );
    await this.#announce(transaction);
  }

  /** The changes after one, in order. */
  async after(executor: Executor, id: number): Promise<LoggedChange[]> {
    // The rows were written above.
    return (await this.#statements.after(executor, { after: id })) as unknown as LoggedChange[];
  }

  async find(executor: Executor, id: number): Promise<LoggedChange | undefined> {
    const [found] = await this.#statements.byId(executor, { id });
    return found as unknown as LoggedChange | undefined;
  }

  /** The newest change; undefined where there is none. */
  async newest(executor: Executor): Promise<LoggedChange | undefined> {
    const [found] = await this.#statements.newest(executor);
    return found as unknown as LoggedChange | undefined;
  }

  /** Removes changes that are older than a day, but for the newest, so that no number comes twice. */
  async purge(executor: Executor): Promise<void> {
    await this.#statements.purge(executor, { before: new Date(Date.now() - LIFETIME_MS).toISOString() });
  }
}

function compileStatements(table: SystemTable<typeof changes>) {
  const newest: Sql = sql`(select max(id) from ${table.name})`;
  return {
    after: table.select(sql`where id > ${param('after')} order by id limit ${sql.raw(String(MAX_READ))}`),
    byId: table.select(sql`where id = ${param('id')}`),
    newest: table.select(sql`where id = ${newest}`),
    purge: table.execute(
      sql`delete from ${table.name} where changed_at < ${param('before')} and id < ${newest}`,
    ),
  };
}

/** The live resources whose read rule looks at another one. */
export function dependents(resources: Resources, looked: string): string[] {
  return named(resources)
    .filter(({ live, name }) => live && lookedAt(resources, name, 'read').has(looked))
    .map(({ name }) => name);
}

function named(resources: Resources) {
  return Object.entries(resources).map(([name, { live }]) => ({ name, live }));
}

/** The resources whose rows decide a rule of a resource or of its fields, beside the row itself. */
function lookedAt(resources: Resources, name: string, verb: Verb, seen = new Set<string>()): Set<string> {
  const found = new Set<string>();
  const walk = (rule: RuleData): void => {
    if (rule.kind === 'exists') found.add(rule.resource);
    if (rule.kind === 'not') walk(rule.rule);
    if (rule.kind === 'any' || rule.kind === 'all') rule.rules.forEach(walk);
    if (rule.kind !== 'through') return;
    const target = resources[name]?.fields[rule.field]?.type.reference?.target;
    const next = `${target} ${rule.verb ?? verb}`;
    if (target === undefined || seen.has(next)) return;
    found.add(target);
    for (const other of lookedAt(resources, target, rule.verb ?? verb, seen.add(next))) found.add(other);
  };
  const { can, fields = {} } = resources[name] ?? {};
  walk(ruleData(can?.[verb]));
  if (verb === 'read')
    for (const { can: own } of Object.values(fields)) if (own?.read) walk(ruleData(own.read));
  return found;
}
