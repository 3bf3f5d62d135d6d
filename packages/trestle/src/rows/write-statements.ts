import { type Sql, sql } from '../database/sql.ts';
import { bind, param, type Statement, statement } from '../database/statement.ts';
import type { Executor, Value, WriteOneOptions } from '../database/store.ts';
import { DELETED_AT } from '../database/table.ts';
import { tableName } from '../database/tables.ts';
import { FifoMap } from '../fifo-map.ts';
import { Problem } from '../problems.ts';
import type { Caller } from '../schema/caller.ts';
import type { Model } from './model.ts';
import type { NewRow } from './transaction.ts';
import { uuid7 } from './uuid7.ts';

/** Compiled updates that are kept; others are compiled when they come again. */
export const MAX_UPDATES = 200;

/** The row of an id. */
export const ID = sql`${sql.ref('id')} = ${param('id')}`;
const VERSION = sql.ref('_version');
/** The version that a request asks for. No field has a name with a colon. */
export const SAME_VERSION = sql`${VERSION} = ${param(':version')}`;

/** Compiles the insertion of many rows, with the ids that they are given or without, in as few statements as the database takes. */
export function bulkInsertOf(model: Model, withIds: boolean) {
  const names = model.fields.filter(({ links }) => !links).map(({ name }) => name);
  if (withIds) names.unshift('id');
  const columns = names.map((name) => ({ name, kind: model.byName.get(name)?.kind ?? model.idKind }));
  const insert = model.dialect.bulkInsert(tableName(model.name, model.resource), columns);
  return async (executor: Executor, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> => {
    const encoded = rows.map((row) => columns.map(({ name, kind }) => model.dialect.encode(kind, row[name])));
    for (const { statement: many, values } of insert(encoded)) await executor.all(many, values);
  };
}

/** `update` of the rows of a condition. Their version goes up, unless a read is counted, which is no edit. */
export function updateOf(
  model: Model,
  sets: readonly Sql[],
  where: Sql,
  { counting = false }: { counting?: boolean } = {},
): Sql {
  const all = counting ? sets : [...sets, sql`${VERSION} = ${VERSION} + 1`];
  return sql`update ${model.table} set ${sql.join(all)} where ${where}`;
}

/** `delete` of the rows of a condition. */
export function deleteFrom(model: Model, where: Sql): Sql {
  return sql`delete from ${model.table} where ${where}`;
}

/** Sets a column to the value of its name. */
export function setTo(name: string): Sql {
  return sql`${sql.ref(name)} = ${param(name)}`;
}

/** Conditions, all of which must hold. */
export function allOf(...conditions: readonly (Sql | undefined)[]): Sql {
  return sql.join(
    conditions.filter((condition) => condition !== undefined),
    ' and ',
  );
}

/** Values of fields as the dialect binds them, by column. */
export function encodeFields(
  model: Model,
  values: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, Value> {
  const encoded: Record<string, Value> = {};
  for (const name of names)
    encoded[name] = model.dialect.encode(model.byName.get(name)?.kind ?? model.idKind, values[name] ?? null);
  return encoded;
}

/** The compiled insertions of a row, by where its id comes from. */
export interface Inserts {
  readonly counted: Statement;
  readonly given: Statement;
}

/** The insertion of a row. */
export interface Insertion extends WriteOneOptions {
  readonly statement: Statement;
  readonly values: Readonly<Record<string, Value>>;
  readonly row: NewRow | undefined;
}

/** The statements that write rows of one resource, compiled. */
export class WriteStatements {
  readonly #model: Model;
  readonly #returning: Sql;
  readonly #inserts: Inserts;
  /** Fields of which another row may have the value that is to be written. */
  readonly contested: ReadonlySet<string>;
  readonly #insertLocks: string | undefined;
  /** The row of an id, locked; `lockToEdit` and `lockToDelete`: if the caller may see it. */
  readonly lock: Statement;
  readonly lockToEdit: (caller: Caller) => Statement;
  readonly lockToDelete: (caller: Caller) => Statement;
  /** The deleted row of an id, locked, if the caller could see it. */
  readonly lockDeleted: (caller: Caller) => Statement;
  /** Brings back a row that is deleted softly; the edit after it raises the version. */
  readonly restore: (executor: Executor, id: Value) => Promise<void>;
  readonly #taken = new Map<string, Statement>();
  readonly #updates = new FifoMap<string, Statement>(MAX_UPDATES);
  readonly #firstState: { readonly query: Statement; readonly detail: string } | undefined;

  constructor(model: Model) {
    this.#model = model;
    const { policy, dialect } = model;
    const stored = model.fields.filter(({ links }) => !links).map(({ name }) => name);
    this.#returning = sql`returning ${sql.join(['id', ...stored, '_version'].map((name) => sql.ref(name)))}`;
    const select = (where: Sql | undefined, lock = dialect.forUpdate) =>
      statement(
        dialect,
        sql`select ${model.versionedColumns} from ${model.table} where ${allOf(ID, where)} ${lock}`,
      );
    this.lock = select(model.live);
    this.lockToEdit = policy.perClass(['see'], (where) => select(where, dialect.forEdit));
    this.lockToDelete = policy.perClass(['see'], (where) => select(where));
    this.lockDeleted = policy.perClass(['deleted'], (where) => select(where));
    const restore = [sql`${sql.ref(DELETED_AT)} = null`];
    const bringBack = statement(dialect, updateOf(model, restore, ID, { counting: true }));
    this.restore = async (executor, id) => void (await executor.all(bringBack, bind(bringBack, { id })));
    this.#inserts = this.insertsWhere();
    this.contested = new Set([
      ...model.fields.filter(({ field }) => field.unique).map(({ name }) => name),
      ...model.resource.unique.flat(),
      ...model.resource.exclude.flatMap(({ same, from, to }) => [...same, from, to]),
    ]);
    this.#insertLocks = this.contested.size > 0 ? undefined : '';
    const { name = '', type } = model.fields.find((field) => field.type.state) ?? {};
    const first = this.#initialState(name);
    this.#firstState = first && {
      query: statement(dialect, sql`select ${first} as id`),
      detail: `There is no state '${type?.state?.initial}' in ${type?.reference?.target}. Add it again.`,
    };
  }

  /** Those of some texts that rows have in a field already. */
  async taken(executor: Executor, name: string, texts: readonly string[]): Promise<Set<unknown>> {
    const { dialect, table } = this.#model;
    const column = sql.ref(name);
    const known = this.#taken.get(name);
    const select =
      known ??
      statement(
        dialect,
        sql`select ${column} as value from ${table} where ${dialect.within(column, sql`${param('texts')}`, 'text')}`,
      );
    if (!known) this.#taken.set(name, select);
    const rows = await executor.all(select, bind(select, { texts: dialect.encodeList(texts) }));
    return new Set(rows.map(({ value }) => value));
  }

  /** Whether a new row begins in a state that is looked up. */
  get hasFirstState(): boolean {
    return this.#firstState !== undefined;
  }

  /** Throws `conflict`, in words, where somebody has renamed or removed the state that rows begin in. */
  async requireFirstState(executor: Executor): Promise<void> {
    if (!this.#firstState) return;
    const { query, detail } = this.#firstState;
    const [found] = await executor.all(query, bind(query, {}));
    if (found?.id === null) throw new Problem('conflict', { detail, data: { resource: this.#model.name } });
  }

  /** The update of a row that is locked. SQLite writes every index of a column that is set: name what differs alone. */
  update(names: readonly string[]): Statement {
    const key = names.join();
    const known = this.#updates.get(key);
    if (known) return known;
    const made = this.updateWhere(names, ID);
    this.#updates.set(key, made);
    return made;
  }

  /** The insertions of a row, where a condition holds. */
  insertsWhere(condition?: Sql): Inserts {
    const { fields, table, dialect, resource } = this.#model;
    const stored = fields.filter(({ links }) => !links).map(({ name }) => name);
    const insertOf = (columns: readonly string[]) => {
      const names = sql.join(columns.map((name) => sql.ref(name)));
      const values = sql.join(columns.map((name) => this.#initialState(name) ?? param(name)));
      const rows = condition ? sql`select ${values} where ${condition}` : sql`values (${values})`;
      return statement(dialect, sql`insert into ${table} (${names}) ${rows} ${this.#returning}`);
    };
    const given = insertOf(['id', ...stored]);
    return { given, counted: resource.id.kind === 'uuid' ? given : insertOf(stored) };
  }

  /** The update of the rows of a condition. */
  updateWhere(names: readonly string[], where: Sql): Statement {
    const stored = names.filter((name) => !this.#model.byName.get(name)?.links);
    const update = updateOf(this.#model, stored.map(setTo), where);
    return statement(this.#model.dialect, sql`${update} ${this.#returning}`);
  }

  /** The deletion of the rows of a condition. */
  deleteWhere(where: Sql): Statement {
    return statement(this.#model.dialect, sql`${deleteFrom(this.#model, where)} ${this.#returning}`);
  }

  /**
   * The insertion of a row, with an id where the database does not count.
   *
   * @param row where its transaction may be repeated: it keeps the id that it had the time before.
   */
  insertion(
    values: Readonly<Record<string, Value>>,
    row: NewRow | undefined,
    { counted, given } = this.#inserts,
  ): Insertion {
    const locks = this.#insertLocks;
    if (row?.id !== undefined) return { statement: given, values: { ...values, id: row.id }, row, locks };
    const id = this.#model.resource.id.kind === 'uuid' ? uuid7() : null;
    return { statement: counted, values: { ...values, id }, row, locks };
  }

  /** The first state of a row, found by its name as the row is inserted; undefined for every other field. */
  #initialState(name: string): Sql | undefined {
    const { state, reference } = this.#model.byName.get(name)?.type ?? {};
    if (!state || !reference) return undefined;
    return sql`(select ${sql.ref('id')} from ${sql.table(reference.target)} where ${sql.ref(state.by)} = ${state.initial})`;
  }
}
