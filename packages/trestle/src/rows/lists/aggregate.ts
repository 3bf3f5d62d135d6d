import type { Dialect } from '../../database/dialect.ts';
import { type Sql, sql } from '../../database/sql.ts';
import type { Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { Caller, Context } from '../../schema/caller.ts';
import {
  AGGREGATES,
  type Aggregate,
  type AggregateQuery,
  type AggregateRow,
} from '../../schema/services/list-query.ts';
import type { ModelField } from '../model.ts';
import { runner } from './bound-statement.ts';
import { filterable } from './filter-sql.ts';
import type { ClassLists } from './list-plan.ts';

const MAX_GROUP_FIELDS = 3;
const DEFAULT_GROUPS = 100;
const NUMBERS = ['integer', 'number'];
const SUMMED = [...NUMBERS, 'decimal'];
const ORDERED = [...SUMMED, 'text', 'timestamp'];
/** How each field is aggregated, and kinds of the fields that it takes. */
const KINDS: Readonly<Record<Aggregate, readonly string[]>> = {
  sum: SUMMED,
  avg: NUMBERS,
  min: ORDERED,
  max: ORDERED,
};

/** A column of the answer: where its value goes, and what makes that of the driver's. */
interface Column {
  readonly part: 'group' | Aggregate;
  readonly field: ModelField;
}

/** Numbers made of the rows of a list, by group: the rows that the caller may read, and the fields. */
export function aggregator(listsOf: (caller: Caller) => ClassLists, store: Store) {
  return async (
    context: Context,
    query: AggregateQuery,
  ): Promise<{ items: AggregateRow[]; more: boolean }> => {
    const { caller } = context;
    const lists = listsOf(caller);
    const { model, plans } = lists;
    const { dialect } = model;
    model.policy.admit(caller, 'read');
    const columns = columnsOf(lists, query);
    const { limit = DEFAULT_GROUPS, filter, search, shortLists } = query;
    const plan = plans.of(caller, {
      ...(filter && { filter }),
      ...(search !== undefined && { search }),
      ...(shortLists && { shortLists }),
    });
    const groups = columns.flatMap(({ part, field }) => (part === 'group' ? [field] : []));
    const select = columns.map((column, at) => sql`${sqlOf(column, dialect)} as ${sql.id(`c${at}`)}`);
    const key = columns.map(({ part, field }) => `${part} ${field.name}`).join();
    const found = await runner(store, context)(plans.grouped(plan, caller, { key, select, groups, limit }));
    const decoders = columns.map(({ field }) => dialect.decoder(field.kind));
    const isCounted = query.count ?? columns.length === groups.length;
    const items = found.slice(0, limit).map((row) => {
      const item: AggregateRow = { ...(isCounted && { count: Number(row.count) }) };
      for (const [at, { part, field }] of columns.entries()) {
        const value = row[`c${at}`];
        const decode = decoders[at];
        const isPlain = value === null || part === 'avg' || !decode;
        item[part] = { ...item[part], [field.name]: isPlain ? value : decode(value) };
      }
      return item;
    });
    return { items, more: found.length > limit };
  };
}

function sqlOf({ part, field }: Column, dialect: Dialect): Sql {
  const value = field.value ?? sql.ref(field.name);
  if (part === 'group') return value;
  if (part === 'sum') return dialect.sum(value, field.kind, field.type.scale ?? 0);
  if (part === 'avg') return dialect.average(value);
  return part === 'min' ? sql`min(${value})` : sql`max(${value})`;
}

/** Throws `invalid_query` for a field that the caller does not have, or that is no number. */
function columnsOf({ model, fields }: ClassLists, query: AggregateQuery): Column[] {
  const { group = [] } = query;
  if (group.length > MAX_GROUP_FIELDS) throw refused('group', `give at most ${MAX_GROUP_FIELDS} fields`);
  const column = (part: Column['part'], name: string): Column => {
    const field = filterable(model, name, fields);
    if (!field || field.links)
      throw refused(part, `there is no field '${name}' of ${model.name} to aggregate`);
    if (part !== 'group' && !KINDS[part].includes(field.kind))
      throw refused(part, `${name} is ${field.type.name}, which has no ${part}`);
    return { part, field };
  };
  return [
    ...new Set(group.map((name) => column('group', name))),
    ...AGGREGATES.flatMap((part) => (query[part] ?? []).map((name) => column(part, name))),
  ];
}

function refused(parameter: string, message: string): Problem {
  const error = { pointer: parameter, code: 'unknown', message, in: 'query' } as const;
  return new Problem('invalid_query', { detail: `${parameter}: ${message}.`, errors: [error] });
}
