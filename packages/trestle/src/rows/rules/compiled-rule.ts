import { instantNow } from '../../clock.ts';
import { type Sql, sql } from '../../database/sql.ts';
import { bind, param, statement } from '../../database/statement.ts';
import type { Executor, Value } from '../../database/store.ts';
import { DELETED_AT } from '../../database/table.ts';
import { Problem } from '../../problems.ts';
import type { RowId } from '../../schema/id.ts';
import {
  conditionsOf,
  isOperand,
  type RuleCondition,
  type RuleData,
  type RuleFilter,
} from '../../schema/rules.ts';
import { type Filter, OPERATORS } from '../../schema/services/list-query.ts';
import { comparison } from '../lists/comparison.ts';
import { FilterParts, filterable } from '../lists/filter-sql.ts';
import type { Model, Projection } from '../model.ts';
import { fieldsOf, fold, isLocal, looksAtTable, type Part, type Residual } from './residual.ts';

/** Finds the other resources of an app by name. */
export type FindModel = (name: string) => Model | undefined;

/** The model of a resource whose rows are asked for: all are compiled by then. */
export function compiledModel(find: FindModel, name: string): Model {
  const model = find(name);
  if (!model) throw new TypeError(`the rules of ${name} are asked before it is compiled`);
  return model;
}

/** The parameters of what a rule compares with: the caller's account, and the instant. No field has a name with a colon. */
export const ME = ':me';
export const NOW = ':now';

/** Who asks a rule, and when. */
export type Asker = {
  readonly [ME]: RowId | null;
  readonly [NOW]: string;
};

type Columns = Readonly<Record<string, unknown>>;
type Test = (row: Columns, asker: Asker, executor: Executor) => boolean | Promise<boolean>;

/** A rule of a class of callers, compiled: as a condition for lists and statements, and as a test of one row. */
export interface CompiledRule {
  /** Undefined where it holds for every row. */
  readonly where: Sql | undefined;
  /** Whether a row passes, as it is or as it will be. Asks `executor` where other rows decide. */
  readonly test: Test;
  /** True where the row alone decides. */
  readonly isLocal: boolean;
  /** The fields of the row that it depends on; undefined where it depends on other rows of the same resource too. */
  readonly fields: ReadonlySet<string> | undefined;
  /** `test` of a row that is about to be inserted, where other rows decide as a condition of that statement. */
  readonly testNew: NewRowTest;
}

/** A condition on other rows, with the values of a row as parameters, and a key by which it is known from others of its kind. */
export interface KeyedCondition {
  readonly key: string;
  readonly condition: () => Sql;
}

type NewRowTest = (row: Columns, asker: Asker) => boolean | KeyedCondition;

/** Compiles what is left of a rule on the rows of a resource. */
export function compileResidual(residual: Residual, model: Model, find: FindModel): CompiledRule {
  if (typeof residual === 'boolean')
    return {
      where: residual ? undefined : sql`1 = 0`,
      test: () => residual,
      isLocal: true,
      fields: new Set(),
      testNew: () => residual,
    };
  let testNew: NewRowTest | undefined;
  const where = ownSql(residual, model, find);
  origins.set(where, { residual, model, find });
  return {
    where,
    test: testOf(residual, model, find),
    isLocal: isLocal(residual),
    fields: looksAtTable(residual, model.name) ? undefined : new Set(fieldsOf(residual)),
    testNew: (...asked) => {
      testNew ??= newRowTest(residual, model, find);
      return testNew(...asked);
    },
  };
}

/** The source of a compiled condition. */
interface Origin {
  readonly residual: Part;
  readonly model: Model;
  readonly find: FindModel;
}

const origins = new WeakMap<Sql, Origin>();

/** The source of the condition of a rule. */
export function originOf(where: Sql): Origin | undefined {
  return origins.get(where);
}

/** A condition that leaves some of the rows of a rule. */
export function narrowed(where: Sql, condition: Sql): Sql {
  const origin = origins.get(where);
  if (origin) origins.set(condition, origin);
  return condition;
}

/** A rest of a rule as SQL, of the rows of the resource's own table. */
export function ownSql(residual: Residual, model: Model, find: FindModel): Sql {
  const refer = (name: string) => sql`${model.table}.${sql.ref(name)}`;
  return sqlOf(residual, model, find, { refer, plain: sql.ref, depth: 0 });
}

/** A rest of a rule as SQL, of rows whose columns are referred to so. */
export function residualSql(
  residual: Residual,
  model: Model,
  find: FindModel,
  row: Pick<Scope, 'refer' | 'ending'>,
): Sql {
  return sqlOf(residual, model, find, { ...row, depth: 0 });
}

interface Scope {
  /** A column of the rows in question. */
  readonly refer: (name: string) => Sql;
  /** The same where no other table is near. */
  readonly plain?: (name: string) => Sql;
  /** A column of the row around them, that `its` names. */
  readonly outer?: (name: string) => Sql;
  /** Ends its subqueries, such as `Dialect.forFewRows` (default: nothing). */
  readonly ending?: Sql | undefined;
  readonly depth: number;
}

/** A part as SQL. Null counts as false; `is not true` is the negation of that. */
function sqlOf(part: Residual, model: Model, find: FindModel, scope: Scope): Sql {
  if (typeof part === 'boolean') return part ? sql`1 = 1` : sql`1 = 0`;
  switch (part.kind) {
    case 'condition':
      return conditionSql(part, model, scope);
    case 'any':
    case 'all': {
      const parts = part.parts.map((each) => sqlOf(each, model, find, scope));
      return sql`(${sql.join(parts, part.kind === 'any' ? ' or ' : ' and ')})`;
    }
    case 'not':
      return sql`(${sqlOf(part.part, model, find, scope)}) is not true`;
    default:
      return sql`exists (${relatedRows(part, find, scope)}${scope.ending ?? sql``})`;
  }
}

/**
 * Selects from the rows of another resource on which `exists`, `through` or a computed field depends, from inside a scope.
 *
 * @param what is selected, by the columns of those rows.
 */
export function relatedRows(
  part: Part & { kind: 'exists' | 'through' },
  find: FindModel,
  outer: Scope,
  what: (refer: Scope['refer']) => Sql = () => sql`1`,
): Sql {
  const target = find(part.resource);
  if (!target) throw new TypeError(`a rule names the resource '${part.resource}', which is not declared`);
  const alias = `_${outer.depth + 1}`;
  const scope = {
    refer: (name: string) => sql.ref(`${alias}.${name}`),
    outer: outer.refer,
    ending: outer.ending,
    depth: outer.depth + 1,
  };
  const conditions =
    part.kind === 'exists'
      ? [sqlOf(part.filter, target, find, scope)]
      : [sql`${scope.refer('id')} = ${outer.refer(part.field)}`, sqlOf(part.rule, target, find, scope)];
  if (target.live) conditions.push(sql`${scope.refer(DELETED_AT)} is null`);
  return sql`select ${what(scope.refer)} from ${target.table} as ${sql.id(alias)} where ${sql.join(conditions, ' and ')}`;
}

function conditionSql({ field, operator, value }: RuleCondition, model: Model, scope: Scope): Sql {
  const { refer, plain = refer, outer } = scope;
  const parts = new FilterParts(model, model, {
    rule: {
      refer: plain,
      bind: (constant) => sql`${constant}`,
      operand: (given) => {
        if (!isOperand(given)) return undefined;
        if (given.operand === 'its') return outer?.(given.field);
        return sql`${param(given.operand === 'me' ? ME : NOW)}`;
      },
    },
  });
  const condition = parts.build({ [field]: { [operator]: value } } as Filter);
  const [error] = parts.errors;
  if (error || !condition) throw new TypeError(`a rule of ${model.name}: ${field}: ${error?.message}`);
  return condition;
}

/**
 * A filter of a list as a test of one row, with its id. Throws `invalid_query` for conditions on other rows than that one.
 *
 * @param fields those that may be filtered by.
 */
export function filterTest(
  filter: Filter,
  model: Model,
  fields: Pick<Projection, 'fields' | 'byName'>,
): (row: Columns) => boolean {
  // The grammar is that of rules, with constants alone.
  const tests = conditionsOf(filter as RuleFilter).map((condition): ((row: Columns) => boolean) => {
    if (!('field' in condition)) {
      const alternatives = condition.map((each) => filterTest(each as Filter, model, fields));
      return (row) => alternatives.some((test) => test(row));
    }
    const { field, operator } = condition;
    if (!filterable(model, field, fields))
      throw new Problem('invalid_query', {
        detail: `A live list is filtered by fields that every row of ${model.name} has, got ${field}.`,
      });
    if (!Object.hasOwn(OPERATORS, operator)) {
      const message = `there is no operator '${operator}' of ${field}; a live list knows ${Object.keys(OPERATORS).join(', ')}`;
      throw new Problem('invalid_query', {
        detail: `filter: ${message}, of fields of ${model.name} itself.`,
        errors: [{ pointer: `/${field}/${operator}`, code: 'unknown', message, in: 'query' }],
      });
    }
    const test = conditionTest(condition, model);
    return (row) => test(row, NOBODY, NO_EXECUTOR) === true;
  });
  return (row) => tests.every((test) => test(row));
}

const NOBODY: Asker = { [ME]: null, [NOW]: '' };
export const NO_EXECUTOR: Executor = { all: () => [] };

/** A part as a test of one row. What the row decides is asked before what takes a query. */
function testOf(part: Part, model: Model, find: FindModel): Test {
  switch (part.kind) {
    case 'condition':
      return conditionTest(part, model);
    case 'not': {
      const test = testOf(part.part, model, find);
      return (...asked) => {
        const holds = test(...asked);
        return holds instanceof Promise ? holds.then((answer) => !answer) : !holds;
      };
    }
    case 'any':
    case 'all': {
      const parts = part.parts.toSorted((a, b) => Number(isLocal(b)) - Number(isLocal(a)));
      return firstThat(
        part.kind === 'any',
        parts.map((each) => testOf(each, model, find)),
      );
    }
    default: {
      // One query by the values of the row: it need not be in the table yet.
      const outer = { refer: (name: string) => sql`${param(name)}`, depth: 0 };
      const query = statement(model.dialect, sql`${relatedRows(part, find, outer)} limit 1`);
      const names = fieldsOf(part);
      return (row, asker, executor) => {
        const values: Record<string, Value> = {};
        for (const name of names)
          values[name] = model.dialect.encode(model.byName.get(name)?.kind ?? model.idKind, row[name]);
        const found = executor.all(query, bind(query, values, asker));
        return found instanceof Promise ? found.then(({ length }) => length > 0) : found.length > 0;
      };
    }
  }
}

/**
 * A part as a test of a row that is not in the table yet: what the row decides is decided, and the rest is a condition.
 *
 * @param path of the part in its rule.
 */
function newRowTest(part: Part, model: Model, find: FindModel, path = ''): NewRowTest {
  switch (part.kind) {
    case 'condition': {
      const test = conditionTest(part, model);
      return (row, asker) => test(row, asker, NO_EXECUTOR) === true;
    }
    case 'not': {
      const test = newRowTest(part.part, model, find, path);
      return (row, asker) => {
        const holds = test(row, asker);
        if (typeof holds === 'boolean') return !holds;
        return { key: `!${holds.key}`, condition: () => sql`not ${holds.condition()}` };
      };
    }
    case 'any':
    case 'all': {
      const parts = part.parts.map((each, at) => newRowTest(each, model, find, `${path}.${at}`));
      return (row, asker) => combinedTests(part.kind, parts, row, asker);
    }
    default: {
      const outer = { refer: (name: string) => sql`${param(name)}`, depth: 0 };
      const there = { key: path, condition: () => sql`exists (${relatedRows(part, find, outer)})` };
      return () => there;
    }
  }
}

/** The answer of tests of a new row together: decided by one of them, or the conditions that are left. */
function combinedTests(
  kind: 'any' | 'all',
  tests: readonly NewRowTest[],
  ...asked: Parameters<NewRowTest>
): ReturnType<NewRowTest> {
  const decides = kind === 'any';
  const open: KeyedCondition[] = [];
  for (const test of tests) {
    const holds = test(...asked);
    if (holds === decides) return decides;
    if (typeof holds === 'object') open.push(holds);
  }
  const [only, ...more] = open;
  if (!only || more.length === 0) return only ?? !decides;
  const conditions = () => open.map(({ condition }) => condition());
  return {
    key: `(${open.map(({ key }) => key).join(decides ? '|' : '&')})`,
    condition: () => sql`(${sql.join(conditions(), decides ? ' or ' : ' and ')})`,
  };
}

/** The tests one after the other, until one answers as it takes to decide. */
function firstThat(decides: boolean, tests: readonly Test[]): Test {
  const from =
    (at: number): Test =>
    (...asked) => {
      for (let next = at; next < tests.length; next += 1) {
        const holds = tests[next]?.(...asked);
        if (holds instanceof Promise)
          return holds.then((answer) => (answer === decides ? decides : from(next + 1)(...asked)));
        if (holds === decides) return decides;
      }
      return !decides;
    };
  return from(0);
}

/** A condition on a field, in memory: it answers as `FilterParts` does in SQL. */
function conditionTest({ field, operator, value }: RuleCondition, model: Model): Test {
  const type = filterable(model, field)?.type;
  const kept = (given: unknown) => (given !== null && type?.complete ? type.complete(given) : given);
  // A decimal as an integer that compares as it does.
  const key = (given: unknown) => {
    if (type?.column !== 'decimal' || typeof given !== 'string') return given;
    const [whole = '', fraction = ''] = given.split('.');
    return BigInt(whole + fraction.padEnd(38, '0'));
  };
  if (isOperand(value)) {
    const test = comparison(operator, undefined);
    if (value.operand === 'its') {
      const { field: other } = value;
      return (row) => test(key(row[field] ?? null), key(row[other] ?? null));
    }
    const operand = value.operand === 'me' ? ME : NOW;
    return (row, asker) => test(row[field] ?? null, asker[operand]);
  }
  const constant = Array.isArray(value) ? value.map((each) => key(kept(each))) : key(kept(value));
  const test = comparison(operator, constant);
  return (row) => test(key(row[field] ?? null), constant);
}

/** Compiles a rule on the values of one row alone, such as a check, as a test. */
export function rowTest(rule: RuleData, model: Model): (row: Columns) => boolean {
  const place = { resource: model.resource, verb: 'read', find: () => undefined } as const;
  const residual = fold(rule, { kind: 'account', roles: [] }, place);
  if (typeof residual === 'boolean') return () => residual;
  const test = testOf(residual, model, () => undefined);
  // A test of the row alone looks at no other row, and waits for nothing.
  return (row) => test(row, { [ME]: null, [NOW]: instantNow() }, { all: () => [] }) === true;
}
