import { type TextMatch, textMatch } from '../../database/case-folding.ts';
import type { TextOperator } from '../../database/dialect.ts';
import { type Sql, sql } from '../../database/sql.ts';
import type { Value } from '../../database/store.ts';
import { type FieldError, Problem } from '../../problems.ts';
import { field } from '../../schema/field.ts';
import { type Condition, type Filter, OPERATORS, type Operator } from '../../schema/services/list-query.ts';
import type { Model, ModelField, Projection } from '../model.ts';
import { isObject, kindOf } from '../validate.ts';

/** Limits on one filter (reliability: cost is bounded before anything runs). */
const MOST = { conditions: 50, depth: 5, list: 100, text: 2000 } as const;

/** Conditions of others that one which looks into texts counts as. */
const TEXT_CONDITION = 3;

/** Microseconds that SQLite takes to compare a row, where no index is used. */
const COMPARISON_COST = 0.05;
/** Microseconds that it takes to compute a field from other rows. */
export const COMPUTED_COST = 1;
const TEXT_COST: Readonly<Record<TextMatch, number>> = {
  starts: 0.1,
  ends: 0.1,
  contains: 0.2,
  icontains: 0.35,
  icontainsUnicode: 1.6,
};
/** The fields of a class of callers. */
type Fields = Pick<Projection, 'fields' | 'byName'>;

/** The rows that a reference leads to, for a caller. */
export interface RelatedRows {
  readonly model: Model;
  readonly fields: Fields;
  /** Those that the caller may read; undefined for all. */
  readonly where: Sql | undefined;
  /** Tells classes of callers apart. */
  readonly number: number;
  /** The rows that a reference of these leads to; undefined where there is no such reference. */
  reach(name: string): RelatedRows | undefined;
}

interface FilterPartsOptions {
  readonly rule?: FilterOptions;
  /** Whether lists of values are bounded as those of clients (default: false). */
  readonly shortLists?: boolean;
  /** Finds the rows that a reference leads to (default: filters stay on the row itself). */
  readonly related?: RelatedRows['reach'];
  /** The filter that this one is a part of. */
  readonly around?: FilterParts;
}

/** How a rule writes the conditions of a filter; a list has numbered placeholders and unqualified columns. */
interface FilterOptions {
  readonly refer: (name: string) => Sql;
  readonly bind: (value: Value) => Sql;
  /** Compiles a value that is known only when the rule is evaluated; undefined for a constant. */
  readonly operand: (value: unknown) => Sql | undefined;
}

/**
 * A filter taken apart: the SQL's shape with numbered placeholders, and the values for them. The shape is the cache key
 * of the compiled statement, so that a filter of a known shape builds no SQL.
 */
export class FilterParts {
  readonly values: Value[];
  readonly errors: FieldError[];
  shape = '';
  /** Tells the rules of related rows apart, which the shape does not: one is for statements, the other for cursors too. */
  variant = '';
  /** Microseconds that a row costs SQLite. */
  cost = 0;
  #conditions = 0;
  readonly #model: Model;
  readonly #fields: Fields;
  readonly #rule: FilterOptions | undefined;
  readonly #options: FilterPartsOptions;

  /** @param fields those that may be filtered by. */
  constructor(model: Model, fields: Fields = model, options: FilterPartsOptions = {}) {
    this.#model = model;
    this.#fields = fields;
    this.#rule = options.rule;
    this.#options = options;
    this.values = options.around?.values ?? [];
    this.errors = options.around?.errors ?? [];
  }

  /** The condition of a filter; undefined where it asks nothing. */
  build(filter: Filter, pointer = '', depth = 1): Sql | undefined {
    if (depth > MOST.depth) throw tooMuch(`a filter may be ${MOST.depth} groups deep`);
    const parts: Sql[] = [];
    for (const [name, condition] of Object.entries(filter)) {
      const at = `${pointer}/${name}`;
      if (name === 'or') parts.push(...this.#either(condition, at, depth));
      else if (condition !== undefined) {
        const target =
          isObject(condition) && !Object.keys(condition).some(isOperator) && this.#options.related?.(name);
        if (target) parts.push(this.#related(target, name, { condition: condition as Filter, at, depth }));
        else parts.push(...this.#field(name, condition, at));
      }
    }
    return parts.length > 0 ? sql`(${sql.join(parts, ' and ')})` : undefined;
  }

  /** The rows that refer to one which the caller may read and on which a filter holds. */
  #related(
    target: RelatedRows,
    name: string,
    { condition, at, depth }: { condition: Filter; at: string; depth: number },
  ): Sql {
    const related = target.reach;
    const { model, fields, where, number } = target;
    const inner = new FilterParts(model, fields, { ...this.#options, related, around: this });
    inner.#conditions = this.#conditions;
    const holds = inner.build(condition, at, depth + 1);
    this.#conditions = inner.#conditions;
    this.shape += `${name}(${inner.shape})`;
    this.variant += `${number}(${inner.variant})`;
    this.cost += inner.cost + COMPUTED_COST;
    const all = [where, holds].filter((each) => each !== undefined);
    // Not by the row around it: the far rows are found once, and a table may refer to itself.
    const some = all.length > 0 ? sql`where ${sql.join(all, ' and ')}` : sql``;
    const { value } = this.#fields.byName.get(name) ?? {};
    return sql`${this.#refer({ name, ...(value && { value }) })} in (select ${sql.ref('id')} from ${model.table} ${some})`;
  }

  /** Adds a value and gives its placeholder. */
  bind(value: Value): Sql {
    if (this.#rule) return this.#rule.bind(value);
    this.values.push(value);
    return sql`${new Slot(this.values.length - 1)}`;
  }

  #either(groups: unknown, at: string, depth: number): Sql[] {
    if (!Array.isArray(groups)) {
      this.#wrong(at, 'type', `expected a list of filters, got ${kindOf(groups)}`);
      return [];
    }
    this.shape += 'or(';
    const parts = groups.map((group, index) => {
      this.shape += '|';
      if (isObject(group)) return this.build(group as Filter, `${at}/${index}`, depth + 1);
      this.#wrong(`${at}/${index}`, 'type', `expected a filter, got ${kindOf(group)}`);
      return undefined;
    });
    this.shape += ')';
    const conditions = parts.filter((part) => part !== undefined);
    // An alternative that asks nothing holds for every row.
    return conditions.length > 0 && conditions.length === parts.length
      ? [sql`(${sql.join(conditions, ' or ')})`]
      : [];
  }

  #field(name: string, condition: unknown, at: string): Sql[] {
    const field = filterable(this.#model, name, this.#fields);
    if (!field) {
      this.#wrong(
        at,
        'unknown',
        `there is no field '${name}' to filter by; there are ${filterableNames(this.#fields).join(', ')}`,
      );
      return [];
    }
    if (!isObject(condition)) {
      this.#wrong(at, 'type', `expected { operator: value }, got ${kindOf(condition)}`);
      return [];
    }
    return Object.entries(condition as Condition).flatMap(([key, value]) => {
      if (!isOperator(key)) {
        this.#wrong(
          `${at}/${key}`,
          'unknown',
          `there is no operator '${key}'; there are ${Object.keys(OPERATORS).join(', ')}`,
        );
        return [];
      }
      this.#conditions += looksIntoTexts(key) ? TEXT_CONDITION : 1;
      if (this.#conditions > MOST.conditions)
        throw tooMuch(
          `a filter may have ${MOST.conditions} conditions, of which one that looks into texts counts as ${TEXT_CONDITION}`,
        );
      this.shape += `${name}.${key}`;
      const condition = this.#compare(field, key, value, `${at}/${key}`);
      if (!condition) return [];
      // Where the caller may not read it, no condition holds, on null neither.
      return field.visible ? sql`(${field.visible} and ${condition})` : condition;
    });
  }

  #compare(field: ModelField, operator: Operator, value: unknown, at: string): Sql | undefined {
    const column = this.#refer(field);
    const takes = OPERATORS[operator];
    if ((operator === 'has') !== (field.links !== undefined)) {
      const { name, type } = field;
      const message = `${name} has no operator '${operator}'; there are ${type.operators.join(', ')}`;
      this.#wrong(at, 'operator', message);
      return undefined;
    }
    const { links } = field;
    if (links) {
      const id = this.#encode({ ...field, kind: links.kind }, value, at);
      if (id === undefined) return undefined;
      // The rows that have the id among their links are found by the index of the link table.
      const rows = sql`select ${sql.ref('_l.row')} from ${links.table} as ${sql.id('_l')} where ${sql.ref('_l.target')} = ${this.bind(id)}${links.where}`;
      return sql`${this.#refer({ name: 'id' })} in (${rows})`;
    }
    if (field.value) this.cost += COMPUTED_COST;
    else if (!looksIntoTexts(operator) && !(isIndexed(field) && INDEXED.has(operator)))
      this.cost += COMPARISON_COST;
    if (takes === 'flag') return this.#isNull(column, value, at);
    if (looksIntoTexts(operator)) return this.#text(field, operator, value, at);
    if (takes === 'list' || takes === 'pair') return this.#several(field, operator, value, at);
    if (value === null) return this.#isNull(column, operator === 'eq', at);
    let operand = this.#rule?.operand(value);
    if (!operand) {
      const encoded = this.#encode(field, value, at);
      if (encoded === undefined) return undefined;
      operand = this.bind(encoded);
    }
    if (operator === 'ne') return sql`(${column} <> ${operand} or ${column} is null)`;
    return sql`${column} ${sql.raw(COMPARISONS[operator as keyof typeof COMPARISONS])} ${operand}`;
  }

  #isNull(column: Sql, wanted: unknown, at: string): Sql | undefined {
    if (typeof wanted !== 'boolean') {
      this.#wrong(at, 'type', `expected true or false, got ${kindOf(wanted)}`);
      return undefined;
    }
    this.shape += wanted ? '0' : '1';
    return wanted ? sql`${column} is null` : sql`${column} is not null`;
  }

  #text(field: ModelField, operator: TextOperator, value: unknown, at: string): Sql | undefined {
    if (!field.type.operators.includes(operator)) {
      this.#wrong(at, 'type', `'${operator}' looks into texts, and ${field.name} is none`);
      return undefined;
    }
    if (typeof value !== 'string' || value.length > MOST.text) {
      this.#wrong(at, 'type', `expected a string of at most ${MOST.text} characters, got ${kindOf(value)}`);
      return undefined;
    }
    return this.textCondition(field, operator, value);
  }

  /** The condition that a column matches a text. */
  textCondition(field: Pick<ModelField, 'name' | 'value'>, operator: TextOperator, text: string): Sql {
    const { dialect } = this.#model;
    const match = textMatch(operator, text);
    this.shape += match;
    this.cost += TEXT_COST[match];
    return dialect.texts[match](this.#refer(field), this.bind(dialect.pattern(match, text)));
  }

  #several(field: ModelField, operator: Operator, value: unknown, at: string): Sql | undefined {
    const most = operator === 'between' ? 2 : this.#options.shortLists ? MOST.list : Infinity;
    if (!Array.isArray(value) || value.length > most || (operator === 'between' && value.length !== 2)) {
      this.#wrong(
        at,
        'type',
        operator === 'between' ? 'expected two values' : `expected a list of at most ${most} values`,
      );
      return undefined;
    }
    const encoded = value.map((item) => this.#encode(field, item, at));
    const values = encoded.filter((item) => item !== undefined);
    const [low, high] = values;
    if (values.length < value.length) return undefined;
    const column = this.#refer(field);
    if (operator === 'between' && low !== undefined && high !== undefined)
      return sql`${column} between ${this.bind(low)} and ${this.bind(high)}`;
    const { dialect } = this.#model;
    const within = dialect.within(column, this.bind(dialect.encodeList(values)), field.kind);
    return operator === 'nin' ? sql`(not (${within}) or ${column} is null)` : within;
  }

  /** A value as the column holds it; undefined, with an error noted, where it is none. */
  #encode(field: ModelField, value: unknown, at: string): Value | undefined {
    const { name, type, kind } = field;
    if (!type.accepts(value)) {
      const got = JSON.stringify(value) ?? 'nothing';
      this.#wrong(at, 'type', `${name} is compared with ${type.expected}, got ${got}`);
      return undefined;
    }
    return this.#model.dialect.encode(kind, type.complete ? type.complete(value) : value);
  }

  #refer({ name, value }: Pick<ModelField, 'name' | 'value'>): Sql {
    return value ?? (this.#rule ? this.#rule.refer(name) : sql.ref(name));
  }

  #wrong(pointer: string, code: string, message: string): void {
    this.errors.push({ pointer, code, message, in: 'query' });
  }
}

/** The number of a value in `FilterParts.values`, standing in the SQL until it is compiled. */
export class Slot {
  readonly at: number;
  constructor(at: number) {
    this.at = at;
  }
}

const COMPARISONS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** Operators that find few rows by an index. */
const INDEXED = new Set<Operator>(['eq', 'in', 'gt', 'gte', 'lt', 'lte', 'between']);

/** Whether an index begins with a field. */
export function isIndexed({ name, field }: ModelField): boolean {
  return name === 'id' || field.index || field.unique;
}

function isOperator(key: string): key is Operator {
  return Object.hasOwn(OPERATORS, key);
}

function looksIntoTexts(operator: Operator): operator is TextOperator {
  return OPERATORS[operator] === 'text';
}

/** The field of a name, if rows can be filtered and sorted by it. */
export function filterable(model: Model, name: string, fields: Fields = model): ModelField | undefined {
  if (name === 'id') return idField(model);
  const field = fields.byName.get(name);
  return field && field.type.operators.length > 0 ? field : undefined;
}

/** The names of all fields that rows can be filtered and sorted by. */
export function filterableNames({ fields }: Pick<Fields, 'fields'>): string[] {
  return ['id', ...fields.filter(({ type }) => type.operators.length > 0).map(({ name }) => name)];
}

const idFields = new WeakMap<Model, ModelField>();

/** The id, as a field to filter and sort by. */
function idField(model: Model): ModelField {
  const known = idFields.get(model);
  if (known) return known;
  const { id } = model.resource;
  const made: ModelField = {
    name: 'id',
    field: field(id.type, { unique: true, index: true }, () => []),
    type: id.type,
    kind: model.idKind,
    schema: id.schema,
    writable: false,
    indexed: true,
  };
  idFields.set(model, made);
  return made;
}

function tooMuch(what: string): Problem {
  return new Problem('invalid_query', { detail: `The filter asks too much: ${what} at most.` });
}
