import { sql } from '../../database/sql.ts';
import { bind, param, statement } from '../../database/statement.ts';
import type { Executor, Value } from '../../database/store.ts';
import type { RowId } from '../../schema/id.ts';
import { type Relation, relationsByTarget } from '../delete-rows.ts';
import type { Model } from '../model.ts';
import { notFound, requireId } from '../validate.ts';

/** Rows of one relation that are looked at; beyond them the preview says that there are more. */
const MAX_ROWS = 10_000;

/** Rows that a deletion reaches by one field. */
export interface ReachedRows {
  readonly resource: string;
  readonly field: string;
  /** `cascade`: they go too; `setNull`, `remove`: they lose the reference; `restrict`: they prevent it. */
  readonly effect: Relation['onDelete'];
  readonly count: number;
  /** There are more than were counted. */
  readonly more: boolean;
}

export interface DeletionPreview {
  /** The row is hidden and can be restored; what refers to it stays. */
  readonly hides: boolean;
  readonly refused: boolean;
  readonly reaches: readonly ReachedRows[];
}

/**
 * Tells what the deletion of a row would do, and changes nothing: the rows that go with it, those that lose a reference, and those
 * that prevent it. Throws `not_found`.
 */
export async function previewDeletion(
  models: ReadonlyMap<string, Model>,
  executor: Executor,
  model: Model,
  id: RowId,
): Promise<DeletionPreview> {
  requireId(model, id);
  const where = model.live ? sql`and ${model.live}` : sql``;
  const one = statement(model.dialect, sql`select id from ${model.table} where id = ${param('id')} ${where}`);
  const [row] = await executor.all(one, bind(one, { id }));
  if (!row) throw notFound(model, id);
  if (model.live) return { hides: true, refused: false, reaches: [] };
  const relations = relationsByTarget(models);
  // An id as the driver gives it is what the driver binds again.
  const levels = [{ model, ids: [row.id as Value] }];
  const going = new Map<Model, Set<unknown>>([[model, new Set([row.id])]]);
  const reached: { relation: Relation; ids: readonly Value[] }[] = [];
  // The list grows while it is read: what refers to the rows of a level is a level of its own.
  for (const level of levels)
    for (const relation of relations.get(level.model.name) ?? []) {
      const ids = await rowsReferring(executor, relation, level.ids);
      reached.push({ relation, ids });
      if (relation.onDelete !== 'cascade') continue;
      const known = going.get(relation.model) ?? new Set();
      const fresh = ids.filter((each) => !known.has(each));
      for (const each of fresh) known.add(each);
      going.set(relation.model, known);
      if (fresh.length > 0) levels.push({ model: relation.model, ids: fresh });
    }
  const reaches = countReached(reached, going);
  return { hides: false, refused: reaches.some(({ effect }) => effect === 'restrict'), reaches };
}

function countReached(
  reached: readonly { readonly relation: Relation; readonly ids: readonly Value[] }[],
  going: ReadonlyMap<Model, ReadonlySet<unknown>>,
): ReachedRows[] {
  const counts = new Map<string, ReachedRows>();
  for (const { relation, ids } of reached) {
    const { model, field, onDelete: effect } = relation;
    // What goes anyway prevents nothing, and loses no reference.
    const left = effect === 'cascade' ? ids : ids.filter((each) => !going.get(model)?.has(each));
    const key = `${model.name} ${field}`;
    const before = counts.get(key);
    const count = (before?.count ?? 0) + left.length;
    const more = before?.more === true || ids.length >= MAX_ROWS;
    if (count > 0) counts.set(key, { resource: model.name, field, effect, count, more });
  }
  return [...counts.values()];
}

/** The rows whose field refers to some ids, deleted ones included: those refer, too. */
async function rowsReferring(
  executor: Executor,
  { model, field }: Relation,
  ids: readonly Value[],
): Promise<Value[]> {
  const { kind = model.idKind, links } = model.byName.get(field) ?? {};
  const { within } = model.dialect;
  const among = links
    ? sql`id in (select ${sql.ref('row')} from ${links.table} where ${within(sql.ref('target'), sql`${param(':ids')}`, links.kind)})`
    : within(sql.ref(field), sql`${param(':ids')}`, kind);
  const referring = statement(
    model.dialect,
    sql`select id from ${model.table} where ${among} limit ${sql.lit(MAX_ROWS)}`,
  );
  const found = await executor.all(
    referring,
    bind(referring, { ':ids': model.dialect.encodeList([...ids]) }),
  );
  return found.map(({ id }) => id as Value);
}
