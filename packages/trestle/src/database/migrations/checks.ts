import type { Exclusion } from '../../schema/resource.ts';
import { conditionsOf, isOperand, type RuleCondition } from '../../schema/rules.ts';
import type { Dialect } from '../dialect.ts';
import { type Sql, sql } from '../sql.ts';
import { type Statement, statement } from '../statement.ts';
import { DELETED_AT, type Index, type Table } from '../table.ts';
import type { Change } from './change.ts';
import { conversionOf, type ValueScan, valueScan } from './values.ts';

/** A question to the rows that are there, asked before anything is changed. */
export interface Check {
  /** Answers one row with `found`: how many stand in the way. */
  readonly query: Statement;
  /** Selects the `id` of some of them; undefined where it is every row, or none. */
  readonly sample?: Statement;
  /** The message for that number and these ids. */
  message(found: number, ids: readonly unknown[]): string;
}

type ChangeOf<K extends Change['kind']> = Extract<Change, { kind: K }>;

/** Tables and columns as they are before the renames. */
class Origin {
  readonly dialect: Dialect;
  readonly #from: readonly Table[];
  readonly #tables = new Map<string, string>();
  readonly #columns = new Map<string, string>();
  readonly #added = new Set<string>();

  constructor(dialect: Dialect, from: readonly Table[], changes: readonly Change[]) {
    this.dialect = dialect;
    this.#from = from;
    for (const change of changes) {
      if (change.kind === 'renameTable') this.#tables.set(change.table, change.was);
      if (change.kind === 'renameColumn') this.#columns.set(`${change.table}.${change.column}`, change.was);
      if (change.kind === 'addColumn') this.#added.add(`${change.table}.${change.to.name}`);
    }
  }

  table(name: string): Sql {
    return sql.table(this.#tableName(name));
  }

  column(table: string, name: string): Sql {
    return sql.ref(this.#columnName(table, name));
  }

  /** Returns whether the column has values. One that is dropped and added again has none. */
  has(table: string, column: string): boolean {
    if (this.#added.has(`${table}.${column}`)) return false;
    const old = this.#from.find((one) => one.name === this.#tableName(table));
    return old?.columns.some((one) => one.name === this.#columnName(table, column)) ?? false;
  }

  /** A check that counts the rows of a table for which a condition is true. */
  count(table: string, where: Sql, message: Check['message']): Check {
    const query = sql`select count(*) as found from ${this.table(table)} where ${where}`;
    return { ...this.check(query, message), sample: this.sample(table, where) };
  }

  check(query: Sql, message: Check['message']): Check {
    return { query: statement(this.dialect, query), message };
  }

  sample(table: string, where: Sql): Statement {
    const id = sql.ref('id');
    const rows = sql`select ${id} from ${this.table(table)} where ${where} order by ${id} limit 5`;
    return statement(this.dialect, rows);
  }

  /** A column as its values can be compared. */
  comparable(table: string, name: string): Sql {
    const old = this.of(table, name);
    const kind = old?.table.columns.find((column) => column.name === old.column)?.kind;
    const column = this.column(table, name);
    return kind ? this.dialect.comparable(column, kind) : column;
  }

  /** The table and the column as they are now. */
  of(table: string, column: string): { table: Table; column: string } | undefined {
    const found = this.#from.find((one) => one.name === this.#tableName(table));
    return found && { table: found, column: this.#columnName(table, column) };
  }

  #tableName(name: string): string {
    return this.#tables.get(name) ?? name;
  }

  #columnName(table: string, name: string): string {
    return this.#columns.get(`${table}.${name}`) ?? name;
  }
}

/** The conditions on rows under which a plan's changes can be made. */
export function checksOf(dialect: Dialect, changes: readonly Change[], from: readonly Table[]): Check[] {
  const origin = new Origin(dialect, from, changes);
  return changes.flatMap((change) => {
    if (change.kind === 'addColumn') {
      if (change.to.nullable || change.to.default !== undefined || change.to.older) return [];
      const message = (found: number) =>
        `${change.table}.${change.to.name} must have a value, and has none in ${rows(found)}: declare a default, or nullable: true`;
      return [origin.check(sql`select count(*) as found from ${origin.table(change.table)}`, message)];
    }
    if (change.kind === 'createIndex' && change.to.unique)
      return uniqueChecks(origin, change.table, change.to);
    if (change.kind === 'addExclusion') return exclusionChecks(origin, change.table, change.to);
    if (change.kind !== 'changeColumn') return [];
    return columnChecks(origin, change);
  });
}

/** The columns whose values have to be looked at for a plan's changes to be made. */
export function scansOf(dialect: Dialect, changes: readonly Change[], from: readonly Table[]): ValueScan[] {
  const origin = new Origin(dialect, from, changes);
  return changes.flatMap((change) => {
    if (change.kind !== 'changeColumn' && change.kind !== 'changeValues') return [];
    const isScanned = change.kind === 'changeValues' || change.from.kind !== change.to.kind;
    const old = origin.of(change.table, change.to.name);
    return isScanned && old && conversionOf(change.from, change.to)
      ? [valueScan(change.table, change.from, change.to, old)]
      : [];
  });
}

function columnChecks(origin: Origin, { table, from, to }: ChangeOf<'changeColumn'>): Check[] {
  const checks: Check[] = [];
  const name = `${table}.${to.name}`;
  const column = origin.column(table, to.name);
  if (from.key !== to.key || (from.key && from.kind !== to.kind)) {
    const message = () =>
      `${name}: the ${from.kind} id cannot become a ${to.kind} id: keep it, or declare a new resource`;
    checks.push(origin.check(sql`select 1 as found`, message));
  }
  if (from.nullable && !to.nullable && to.default === undefined) {
    const message: Check['message'] = (found, ids) =>
      `${name} must have a value, and has none in ${rows(found, ids)}: fill it first, or declare a default`;
    checks.push(origin.count(table, sql`${column} is null`, message));
  }
  const target = to.references;
  const isNewTarget = target && from.references?.table !== target.table && from.kind === to.kind;
  if (isNewTarget && origin.has(target.table, target.column)) {
    const known = sql`select ${origin.column(target.table, target.column)} from ${origin.table(target.table)}`;
    const message: Check['message'] = (found, ids) =>
      `${name} holds what is no id of ${target.table} in ${rows(found, ids)}: correct that first`;
    checks.push(origin.count(table, sql`${column} is not null and ${column} not in (${known})`, message));
  }
  return checks;
}

function uniqueChecks(origin: Origin, table: string, { columns, live }: Index): Check[] {
  // A column that is only being added has one value in every row: the index itself sees to it.
  if (!columns.every((column) => origin.has(table, column))) return [];
  const names = columns.map((column) => origin.comparable(table, column));
  const given = names.map((name) => sql`${name} is not null`);
  if (live && origin.has(table, DELETED_AT)) given.push(sql`${origin.column(table, DELETED_AT)} is null`);
  const repeated = sql`select 1 from ${origin.table(table)} where ${sql.join(given, ' and ')} group by ${sql.join(names)} having count(*) > 1`;
  const message: Check['message'] = (found, ids) =>
    `${table} (${columns.join(', ')}) is to be unique, and ${found === 1 ? '1 value is' : `${found} values are`} there more than once (${idWords(ids)}): correct that first`;
  const groups = sql`select ${sql.join(names)} from ${origin.table(table)} where ${sql.join(given, ' and ')} group by ${sql.join(names)} having count(*) > 1`;
  const sample = origin.sample(table, sql`(${sql.join(names)}) in (${groups})`);
  return [{ ...origin.check(sql`select count(*) as found from (${repeated}) as repeated`, message), sample }];
}

function exclusionChecks(origin: Origin, table: string, { same, from, to, where = {} }: Exclusion): Check[] {
  const names = [...same, from, to];
  // A span whose column is only being added has no end, or the same in every row.
  if (!names.every((name) => origin.has(table, name))) return [];
  const conditions = conditionsOf(where).map((one) =>
    'field' in one ? constantCondition(origin, table, one) : undefined,
  );
  if (conditions.includes(undefined)) return [];
  const applies = [...conditions.filter((one) => one !== undefined), sql`1 = 1`];
  if (origin.has(table, DELETED_AT)) applies.push(sql`${origin.column(table, DELETED_AT)} is null`);
  const columns = names.map((name) => sql`${origin.column(table, name)} as ${sql.id(name)}`);
  const taking = sql`(select ${sql.join([sql.ref('id'), ...columns])} from ${origin.table(table)} where ${sql.join(applies, ' and ')})`;
  const of = (alias: string, name: string) => sql.ref(`${alias}.${name}`);
  const meets = [
    ...same.map((name) => sql`${of('a', name)} = ${of('b', name)}`),
    sql`${of('a', from)} < ${of('b', to)}`,
    sql`${of('a', to)} > ${of('b', from)}`,
    sql`${of('a', 'id')} <> ${of('b', 'id')}`,
  ];
  const clashing = sql`select distinct ${of('a', 'id')} as ${sql.id('id')} from ${taking} as a join ${taking} as b on ${sql.join(meets, ' and ')}`;
  const message: Check['message'] = (found, ids) =>
    `${table}: ${rows(found, ids)} overlap from ${from} to ${to} with the same ${same.join(', ')}: correct that first`;
  const sample = statement(origin.dialect, sql`${clashing} order by 1 limit 5`);
  return [{ ...origin.check(sql`select count(*) as found from (${clashing}) as clashing`, message), sample }];
}

const COMPARISONS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** A condition that compares a column with constants; undefined for one that cannot be asked before the change. */
function constantCondition(
  origin: Origin,
  table: string,
  { field, operator, value }: RuleCondition,
): Sql | undefined {
  const old = origin.of(table, field);
  const kind = old?.table.columns.find((column) => column.name === old.column)?.kind;
  if (!kind || isOperand(value)) return undefined;
  const column = origin.column(table, field);
  const bound = (one: unknown) => {
    const encoded = origin.dialect.encode(kind, one);
    return typeof encoded === 'string' ? sql.lit(encoded) : sql.raw(String(encoded));
  };
  if (operator === 'null' || (operator === 'eq' && value === null))
    return operator === 'null' && value === false ? sql`${column} is not null` : sql`${column} is null`;
  if ((operator === 'in' || operator === 'nin') && Array.isArray(value)) {
    const among = sql`${column} in (${sql.join(value.map(bound))})`;
    return operator === 'in' ? among : sql`(not (${among}) or ${column} is null)`;
  }
  if (operator === 'ne') return sql`(${column} <> ${bound(value)} or ${column} is null)`;
  const comparison = Object.hasOwn(COMPARISONS, operator)
    ? COMPARISONS[operator as keyof typeof COMPARISONS]
    : undefined;
  return comparison && sql`${column} ${sql.raw(comparison)} ${bound(value)}`;
}

/** How many rows, and the ids of the first: `7 rows (ids 1, 2, 3, 4, 5, ...)`. */
export function rows(found: number, ids: readonly unknown[] = []): string {
  const words = found === 1 ? '1 row' : `${found} rows`;
  return ids.length > 0 ? `${words} (${idWords(ids)}${found > ids.length ? ', ...' : ''})` : words;
}

function idWords(ids: readonly unknown[]): string {
  return `${ids.length === 1 ? 'id' : 'ids'} ${ids.join(', ')}`;
}
