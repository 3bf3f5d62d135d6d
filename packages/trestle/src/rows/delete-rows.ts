import { instantNow } from '../clock.ts';
import { type Sql, sql } from '../database/sql.ts';
import { bind, param, type Statement, statement } from '../database/statement.ts';
import type { Columns, Value } from '../database/store.ts';
import { DELETED_AT } from '../database/table.ts';
import type { Caller } from '../schema/caller.ts';
import type { OnDelete, StoredKind } from '../schema/field-type.ts';
import type { ChangeRecorder } from './change-recorder.ts';
import type { Model } from './model.ts';
import type { OpenTransaction } from './transaction.ts';
import { deleteFrom, setTo, updateOf } from './write-statements.ts';

/** A field that refers to the rows of a resource, and what becomes of its own rows when those are deleted. */
export interface Relation {
  readonly model: Model;
  readonly field: string;
  readonly onDelete: OnDelete | 'remove';
}

/** Rows that go, at one distance from the row that is deleted; whole ones where the change is recorded, else their ids. */
interface Level {
  readonly model: Model;
  readonly rows: readonly Columns[];
}

/**
 * Deletes rows and, with a fixed number of statements for each relation and level, what refers to them: those rows go
 * (`cascade`), or lose the reference and get a version more (`setNull`). Foreign keys refuse the rest (`restrict`) and catch
 * what another transaction adds meanwhile. They are not left to do all of it, because the database raises no version, and
 * SQLite gives up on a chain of 1,000 rows.
 */
export class RowDeletion {
  readonly #models: ReadonlyMap<string, Model>;
  readonly #recorder: ChangeRecorder | undefined;
  readonly #relations: ReadonlyMap<string, readonly Relation[]>;
  readonly #statements = new Map<string, Statement>();

  constructor(models: ReadonlyMap<string, Model>, recorder?: ChangeRecorder) {
    this.#models = models;
    this.#recorder = recorder;
    this.#relations = relationsByTarget(models);
  }

  /** Whether one statement deletes a row of a resource: nothing refers to it, and nobody records it. */
  isAlone(model: Model): boolean {
    return this.#relationsTo(model.name).length === 0 && !model.live && !this.#recorder?.records(model);
  }

  /** Deletes a row that is locked; one that can be restored is hidden, and what refers to it stays. */
  async remove(transaction: OpenTransaction, caller: Caller, model: Model, row: Columns): Promise<void> {
    if (model.live) {
      const hide = this.#statement('hide', model, 'id', (among) =>
        updateOf(model, [sql`${sql.ref(DELETED_AT)} = ${param(DELETED_AT)}`], among),
      );
      const ids = model.dialect.encodeList(idsOf({ model, rows: [row] }));
      await transaction.all(hide, bind(hide, { [IDS]: ids, [DELETED_AT]: instantNow() }));
      await this.#recordDeleted(transaction, caller, model, [row]);
      return;
    }
    const levels: Level[] = [{ model, rows: [row] }];
    const met = new Map([[model, new Set<unknown>([row.id])]]);
    // The list grows while it is read: what refers to the rows of a level is a level of its own.
    for (const level of levels)
      for (const relation of this.#relationsTo(level.model.name)) {
        const rows = await this.#release(transaction, caller, relation, level);
        const known = met.get(relation.model) ?? new Set();
        const fresh = rows.filter(({ id }) => !known.has(id));
        for (const { id } of fresh) known.add(id);
        met.set(relation.model, known);
        if (fresh.length > 0) levels.push({ model: relation.model, rows: fresh });
      }
    // From the end, so that no row goes before those that refer to it; levels of one resource beside each other go at once.
    while (levels.length > 0) {
      const last = levels.pop();
      if (!last) return;
      const rows = [...last.rows];
      while (levels.at(-1)?.model === last.model) rows.push(...(levels.pop()?.rows ?? []));
      await this.#drop(transaction, caller, { model: last.model, rows }, rows.length > last.rows.length);
    }
  }

  /** Takes the references to accounts out of rows: their authors are about to be deleted. */
  async forgetAccounts(
    transaction: OpenTransaction,
    caller: Caller,
    accounts: readonly Value[],
  ): Promise<void> {
    for (const model of this.#models.values())
      for (const { name, field } of model.fields)
        if (field.type.isAccount) await this.#setNull(transaction, caller, { model, field: name }, accounts);
  }

  /** Frees the rows of a level from one relation. Answers the rows that are to go with them. */
  async #release(
    transaction: OpenTransaction,
    caller: Caller,
    { model, field, onDelete }: Relation,
    level: Level,
  ): Promise<Columns[]> {
    if (onDelete === 'restrict') return [];
    const ids = idsOf(level);
    if (onDelete === 'remove') {
      await this.#unlink(transaction, caller, { model, field }, ids);
      return [];
    }
    if (onDelete === 'setNull') {
      await this.#setNull(transaction, caller, { model, field }, ids);
      return [];
    }
    const values = [model.dialect.encodeList(ids)];
    if (this.isAlone(model)) {
      const all = this.#statement('delete', model, field, (among) => deleteFrom(model, among));
      await transaction.all(all, values);
      return [];
    }
    return transaction.all(this.#select(model, field), values);
  }

  async #setNull(
    transaction: OpenTransaction,
    caller: Caller,
    relation: Omit<Relation, 'onDelete'>,
    ids: readonly Value[],
  ): Promise<void> {
    const { model, field } = relation;
    const select = this.#recorder?.records(model) ? this.#select(model, field) : undefined;
    const before = select ? await transaction.all(select, [model.dialect.encodeList(ids)]) : [];
    await this.#revise(transaction, caller, relation, { ids, before, sets: [sql`${sql.ref(field)} = null`] });
  }

  /** Takes the ids of rows out of the arrays of references that have them. */
  async #unlink(
    transaction: OpenTransaction,
    caller: Caller,
    { model, field }: Omit<Relation, 'onDelete'>,
    ids: readonly Value[],
  ): Promise<void> {
    const { dialect } = model;
    const { name = '', kind = 'integer' } = model.byName.get(field)?.links ?? {};
    const values = [dialect.encodeList(ids)];
    const before = await transaction.all(this.#select(model, field), values);
    if (before.length === 0) return;
    const among = dialect.within(sql.ref('target'), sql`${param(IDS)}`, kind);
    const unlink = sql`delete from ${sql.table(name)} where ${among}`;
    await transaction.all(
      this.#statement('unlink', model, field, () => unlink),
      values,
    );
    const rows = { ids: idsOf({ model, rows: before }), before, sets: [] };
    await this.#revise(transaction, caller, { model, field: 'id' }, rows);
  }

  /** Sets columns of the rows whose field is among some ids, which get a version more. */
  async #revise(
    transaction: OpenTransaction,
    caller: Caller,
    { model, field }: Omit<Relation, 'onDelete'>,
    { ids, before, sets }: { ids: readonly Value[]; before: readonly Columns[]; sets: readonly Sql[] },
  ): Promise<void> {
    const recorder = this.#recorder?.records(model) ? this.#recorder : undefined;
    const instants = model.fields.filter(({ type }) => type.server?.onSetNull).map(({ name }) => name);
    const update = this.#statement('revise', model, field, (among) => {
      const all = updateOf(model, [...sets, ...instants.map(setTo)], among);
      return sql`${all} ${recorder ? sql`returning ${model.versionedColumns}` : sql``}`;
    });
    const now = instantNow();
    const values = {
      [IDS]: model.dialect.encodeList(ids),
      ...Object.fromEntries(instants.map((name) => [name, now])),
    };
    const after = new Map((await transaction.all(update, bind(update, values))).map((row) => [row.id, row]));
    await recorder?.record(
      transaction,
      before.filter(isShown).map((row) => ({
        model,
        caller,
        before: model.decodeVersioned(row),
        after: model.decodeVersioned(after.get(row.id) ?? row),
      })),
    );
  }

  /** Deletes the rows of levels, which nothing refers to any more but these rows themselves. */
  async #drop(
    transaction: OpenTransaction,
    caller: Caller,
    { model, rows }: Level,
    referring: boolean,
  ): Promise<void> {
    const values = [model.dialect.encodeList(idsOf({ model, rows }))];
    // Rows that refer to each other would make SQLite delete one inside the deletion of the other, 1,000 deep at the most.
    for (const { model: child, field } of referring ? this.#relationsTo(model.name) : []) {
      if (child !== model || !model.byName.get(field)?.field.nullable) continue;
      const unlink = this.#statement(`unlink ${field}`, model, 'id', (among) =>
        updateOf(model, [sql`${sql.ref(field)} = null`], among),
      );
      await transaction.all(unlink, values);
    }
    const remove = this.#statement('delete', model, 'id', (among) => deleteFrom(model, among));
    await transaction.all(remove, values);
    await this.#recordDeleted(transaction, caller, model, rows);
  }

  async #recordDeleted(
    transaction: OpenTransaction,
    caller: Caller,
    model: Model,
    rows: readonly Columns[],
  ): Promise<void> {
    if (!this.#recorder?.records(model)) return;
    const shown = rows.filter(isShown);
    const changes = shown.map((row) => ({ model, caller, before: model.decodeVersioned(row) }));
    await this.#recorder.record(transaction, changes);
  }

  #relationsTo(target: string): readonly Relation[] {
    return this.#relations.get(target) ?? [];
  }

  /** The rows that refer to some, locked: ids alone, unless they are recorded. */
  #select(model: Model, field: string): Statement {
    const hidden = model.live && sql`, case when ${model.live} then 0 else 1 end as ${sql.ref(HIDDEN)}`;
    const columns = this.#recorder?.records(model)
      ? sql`${model.versionedColumns}${hidden ?? sql``}`
      : sql.ref('id');
    return this.#statement(
      'select',
      model,
      field,
      (among) => sql`select ${columns} from ${model.table} where ${among} ${model.dialect.forUpdate}`,
    );
  }

  /** A statement on the rows whose field is among some ids, compiled once. */
  #statement(verb: string, model: Model, field: string, build: (among: Sql) => Sql): Statement {
    const key = `${verb} ${model.name} ${field}`;
    const known = this.#statements.get(key);
    if (known) return known;
    const { kind = model.idKind, links } = model.byName.get(field) ?? {};
    const within = (column: string, of: StoredKind) =>
      model.dialect.within(sql.ref(column), sql`${param(IDS)}`, of);
    const linked =
      links && sql`select ${sql.ref('row')} from ${links.table} where ${within('target', links.kind)}`;
    const among = linked ? sql`${sql.ref('id')} in (${linked})` : within(field, kind);
    const made = statement(model.dialect, build(among));
    this.#statements.set(key, made);
    return made;
  }
}

/** The fields that refer to the rows of each resource. */
export function relationsByTarget(models: ReadonlyMap<string, Model>): Map<string, Relation[]> {
  const relations = new Map<string, Relation[]>();
  for (const model of models.values())
    for (const { name: field, type } of model.fields) {
      const links = type.relation?.kind === 'links' ? type.relation : undefined;
      const target = type.reference?.target ?? links?.resource;
      const onDelete = type.reference?.onDelete ?? links?.onDelete;
      if (target === undefined || onDelete === undefined) continue;
      relations.set(target, [...(relations.get(target) ?? []), { model, field, onDelete }]);
    }
  return relations;
}

/** The parameter of the ids. No field has a name with a colon. */
const IDS = ':ids';

/** Marks a row that is deleted softly. */
const HIDDEN = '_hidden';

/** Whether a change of a row is to be told: of one that is deleted softly nobody is to hear, though references are taken out of it. */
function isShown(row: Columns): boolean {
  return row[HIDDEN] !== 1;
}

function idsOf({ rows }: Level): Value[] {
  // An id as the driver gives it is what the driver binds again.
  return rows.map(({ id }) => id as Value);
}
