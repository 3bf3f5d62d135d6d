import { type RawBuilder, sql } from 'kysely';
import type { Caller } from '../declare/caller.ts';
import type { ListQuery, Page } from '../declare/filter.ts';
import { Problem } from '../problems.ts';
import { type Statement, statement } from '../store/statement.ts';
import type { Columns, Store, Value } from '../store/store.ts';
import type { Cursors, Position } from './cursor.ts';
import { Slot } from './filter-sql.ts';
import type { Model, Row } from './model.ts';
import { after, orderBy, type SortColumn, sortColumns } from './order.ts';
import { type Selection, selectRows, whereClause } from './selection.ts';

const DEFAULT_LIMIT = 50;
/** `count=estimated` stops counting here. */
const MOST_COUNTED = 10_000;
const MOST_SHAPES = 300;

/** The verb `list`: one page by cursor or offset; one query, and a second where a count is asked for. */
export function lister(model: Model, store: Store, cursors: Cursors) {
  const shapes = new Shapes(model);
  return async (caller: Caller, query: ListQuery = {}): Promise<Page<Row>> => {
    const limit = query.limit ?? DEFAULT_LIMIT;
    const selection = selectRows(model, caller, query);
    const sort = sortColumns(model, query.sort);
    const list = listKey(model, selection, sort);
    const position = query.cursor === undefined ? undefined : cursors.decode(list, query.cursor);
    const total = query.count && (await countRows(shapes, store, selection, query.count));
    const select = pageStatement(shapes, selection, sort, position);
    const found = await store.all(
      select.statement,
      select.bind([...selection.parts.values, limit + 1, query.offset ?? 0]),
    );
    const more = found.length > limit;
    if (more) found.pop();
    if (position?.before) found.reverse();
    const at = (row: Columns | undefined, before: boolean) =>
      row && cursors.encode(list, positionOf(row, sort, before));
    const { next, prev } = ways(position, more);
    const page = {
      items: found.map(model.decode),
      next: (next && at(found.at(-1), false)) || null,
      prev: (prev && at(found[0], true)) || null,
    };
    return total === undefined ? page : { ...page, total };
  };
}

/** Whether there is more on either side: where a page was reached from is always one. */
function ways(position: Position | undefined, more: boolean): { next: boolean; prev: boolean } {
  return position?.before ? { next: true, prev: more } : { next: more, prev: position !== undefined };
}

/** What a cursor is bound to: resource, sort, and the filter with its values. */
function listKey(model: Model, { parts }: Selection, sort: readonly SortColumn[]): string {
  return JSON.stringify([model.name, sortKey(sort), parts.shape, parts.values]);
}

function sortKey(sort: readonly SortColumn[]): string {
  return sort.map(({ field, descending }) => (descending ? '-' : '') + field.name).join();
}

/** A row's place in the order. Columns as the driver gave them are what the driver binds again. */
function positionOf(row: Columns, sort: readonly SortColumn[], before: boolean): Position {
  return { before, values: sort.map(({ field }) => row[field.name] as Value) };
}

function pageStatement(
  shapes: Shapes,
  selection: Selection,
  sort: readonly SortColumn[],
  position: Position | undefined,
): Shaped {
  const { parts } = selection;
  const nulls = position?.values.map((value) => value === null) ?? [];
  const key = `page ${parts.shape} ${sortKey(sort)} ${position ? `${position.before} ${nulls.join()}` : ''}`;
  const conditions = [...selection.conditions];
  if (position) {
    const placed = position.values.map((value) => parts.bind(value));
    conditions.push(after(sort, placed, nulls, position.before));
  }
  const limit = sql`limit ${new Slot(parts.values.length)} offset ${new Slot(parts.values.length + 1)}`;
  return shapes.get(key, (model) => {
    const order = orderBy(sort, position?.before ?? false);
    return sql`select ${model.columns} from ${model.table} ${whereClause(conditions)} order by ${order} ${limit}`;
  });
}

async function countRows(
  shapes: Shapes,
  store: Store,
  { parts, conditions }: Selection,
  how: 'exact' | 'estimated',
) {
  const shaped = shapes.get(`count ${how} ${parts.shape}`, (model) => {
    const where = whereClause(conditions);
    if (how === 'exact') return sql`select count(*) as total from ${model.table} ${where}`;
    const some = sql`select 1 as one from ${model.table} ${where} limit ${sql.raw(String(MOST_COUNTED))}`;
    return sql`select count(*) as total from (${some}) as counted`;
  });
  const [row] = await store.all(shaped.statement, shaped.bind(parts.values));
  return Number(row?.total);
}

interface Shaped {
  readonly statement: Statement;
  /** Values in the order of the statement's placeholders. */
  bind(values: readonly Value[]): Value[];
}

/** Compiled statements of one resource by the shape of what was asked, the least recently made first to go. */
export class Shapes {
  readonly #model: Model;
  readonly #known = new Map<string, Shaped>();

  constructor(model: Model) {
    this.#model = model;
  }

  get(key: string, build: (model: Model) => RawBuilder<unknown>): Shaped {
    const known = this.#known.get(key);
    if (known) return known;
    const compiled = statement(this.#model.dialect, build(this.#model));
    const order = compiled.slots.map(slotNumber);
    const shaped: Shaped = { statement: compiled, bind: (values) => order.map((at) => values[at] ?? null) };
    if (this.#known.size >= MOST_SHAPES) {
      const oldest = this.#known.keys().next();
      if (!oldest.done) this.#known.delete(oldest.value);
    }
    this.#known.set(key, shaped);
    return shaped;
  }
}

function slotNumber(slot: unknown): number {
  if (slot instanceof Slot) return slot.at;
  throw new Problem('internal', { cause: new Error('a list has a value that is no placeholder') });
}
