import { instantNow } from '../clock.ts';
import { type Sql, sql } from '../database/sql.ts';
import type { Executor, Value } from '../database/store.ts';
import { DELETED_AT } from '../database/table.ts';
import { FifoMap } from '../fifo-map.ts';
import { Problem } from '../problems.ts';
import { ACCOUNTS_TABLE, hasOperatorRole } from '../schema/accounts.ts';
import { accountOf, type Caller, inScopes } from '../schema/caller.ts';
import type { RowId } from '../schema/id.ts';
import { type Rule, type RuleData, ruleData, VERBS, type Verb } from '../schema/rules.ts';
import type { ClassFields, Model, ModelField } from './model.ts';
import { computedFor } from './relations/computed.ts';
import { conditionalField, fieldResidual } from './relations/field-rules.ts';
import { classOf, type Decision, decide, NOWHERE, refuse } from './rules/caller-class.ts';
import {
  type Asker,
  type CompiledRule,
  compiledModel,
  compileResidual,
  type FindModel,
  type KeyedCondition,
  ME,
  NO_EXECUTOR,
  NOW,
  narrowed,
} from './rules/compiled-rule.ts';
import { deciding, type Explanation } from './rules/explanation.ts';
import { fold } from './rules/residual.ts';

/**
 * An action of a caller on rows: a verb; `:publish`, an operation of the lifecycle, which has its own rule, else that of
 * `update`; `see`, the read rule whatever a key's scopes are, which tells 403 from 404 where a row is written; or `deleted`,
 * that of rows which are deleted softly.
 */
export type Action = Verb | 'see' | 'deleted' | `:${string}`;

/**
 * Who may do what with the rows of one resource: its rules and the scopes of API keys, compiled. Every channel asks it, and
 * nothing else decides: contract routes, the uniform API, operations, event streams. A rule that is left out is closed.
 */
export interface Policy {
  /** Throws `unauthenticated` or `forbidden` where the caller may do this to no row, before any row is looked at. */
  admit(caller: Caller, action: Action): void;
  admits(caller: Caller, action: Action): boolean;
  /**
   * The condition that leaves the rows the caller may do this to; undefined where it may to all. The same object for every
   * caller of a class; its parameters are bound by `CallerValues`.
   */
  where(caller: Caller, action: Action): Sql | undefined;
  /** Whether the caller may do this to a row, as it is or as it will be. Rules that look at other rows ask `executor`. */
  allows(caller: Caller, action: Action, row: Columns, executor: Executor): boolean | Promise<boolean>;
  /**
   * Whether a write that sets these fields cannot change what the rule says of the row, so that it need not be asked again.
   */
  isSettled(caller: Caller, action: Action, names: readonly string[]): boolean;
  /** `allows`, where the row alone decides; undefined where other rows do. */
  allowsAlone(caller: Caller, action: Action, row: Columns): boolean | undefined;
  /** `allows` of a row that is about to be inserted, where other rows decide as a condition of that statement. */
  allowsNew(caller: Caller, row: Columns): boolean | KeyedCondition;
  /** `allows`, with the part of the rule that decided, as it is written. */
  explain(caller: Caller, action: Action, row: Columns, executor: Executor): Promise<Explanation>;
  /**
   * The fields the caller may read, or set where the action writes. The same object for every caller of a class.
   *
   * @param id of the row, where it may be the caller's own account, of which it may see more (default: any row).
   */
  fields(caller: Caller, action: Action, id?: RowId): ClassFields;
  /**
   * Makes what depends on a caller's class alone, such as a compiled statement, once for each. `where` leaves the rows that
   * the caller may do all of the actions to, `fields` are those of the first.
   */
  perClass<T>(
    actions: readonly Action[],
    make: (where: Sql | undefined, fields: ClassFields) => T,
  ): (caller: Caller) => T;
}

type Columns = Readonly<Record<string, unknown>>;
/** A rule of a class of callers. */
interface Verdict {
  /** By the caller alone. */
  readonly decision: Decision;
  readonly rule: CompiledRule & { readonly number: number };
}

/**
 * Compiles the rules of a resource: once for each class of callers, when the first of them asks, because rules may name other
 * resources. `find` finds those.
 */
export function compilePolicy(
  model: Omit<Model, 'policy' | 'documented'>,
  find: FindModel,
  project: (fields: readonly ModelField[]) => ClassFields,
): Policy {
  const { name, resource } = model;
  const rules = rulesOf(model);
  const classes: (Map<Action, Verdict> | undefined)[] = [];
  const compiled = new Map<string, Verdict['rule']>();

  const placeOf = (action: Action) => ({
    resource,
    verb: verbOf(action),
    find: (other: string) => find(other)?.resource,
  });

  function verdictOf(caller: Caller, action: Action): Verdict {
    const number = classNumber(caller);
    const known = classes[number]?.get(action);
    if (known) return known;
    // Compiles a rule for a class; what comes to the same for several classes and verbs is compiled once.
    // An operation that is not declared any more may still be under way.
    const rule = rules.get(action) ?? rules.get('update') ?? ruleData(undefined);
    const place = placeOf(action);
    const own = classOf(caller, isReading(action));
    const residual = fold(rule, own, place);
    const isOfDeleted = action === 'deleted' || (action === ':restore' && model.live !== undefined);
    const there = isOfDeleted ? sql`${sql.ref(DELETED_AT)} is not null` : model.live;
    const key = `${isOfDeleted ? 'deleted ' : ''}${JSON.stringify(residual)}`;
    const made = compiled.get(key) ?? {
      ...compiledAmong(there, compileResidual(residual, compiledModel(find, name), find)),
      number: compiled.size + 1,
    };
    compiled.set(key, made);
    const verdict = { decision: decide(rule, own, place), rule: made };
    classes[number] ??= new Map<Action, Verdict>();
    classes[number].set(action, verdict);
    return verdict;
  }

  const policy: Omit<Policy, 'perClass'> = {
    admit(caller, action) {
      const { decision } = verdictOf(caller, action);
      if (decision !== 'allow') refuse(decision);
      if (caller.kind === 'key' && !inScope(caller, name, action))
        throw new Problem('forbidden', {
          detail: `This API key's scopes do not include ${name}:${scopeOf(action)}.`,
        });
    },
    admits: (caller, action) =>
      verdictOf(caller, action).decision === 'allow' &&
      (caller.kind !== 'key' || inScope(caller, name, action)),
    where: (caller, action) => (policy.admits(caller, action) ? verdictOf(caller, action).rule.where : NONE),
    allows(caller, action, row, executor) {
      const { decision, rule } = verdictOf(caller, action);
      if (decision !== 'allow' || (caller.kind === 'key' && !inScope(caller, name, action))) return false;
      // A rule without a condition is true of every row.
      return rule.where === undefined || rule.test(row, new CallerValues(caller), executor);
    },
    allowsAlone(caller, action, row) {
      if (!policy.admits(caller, action)) return false;
      const { isLocal, test } = verdictOf(caller, action).rule;
      // A test of the row alone asks no executor and waits for nothing.
      return isLocal ? (test(row, new CallerValues(caller), NO_EXECUTOR) as boolean) : undefined;
    },
    allowsNew(caller, row) {
      if (!policy.admits(caller, 'create')) return false;
      const { number, testNew } = verdictOf(caller, 'create').rule;
      const holds = testNew(row, new CallerValues(caller));
      return typeof holds === 'boolean' ? holds : { ...holds, key: ` rule ${number}${holds.key}` };
    },
    async explain(caller, action, row, executor) {
      if (caller.kind === 'key' && !inScope(caller, name, action))
        return { allowed: false, because: 'the scopes of the key' };
      return deciding(rules.get(action) ?? ruleData(undefined), async (rule, negated) => {
        const residual = fold(rule, classOf(caller, isReading(action)), placeOf(action), negated);
        return compileResidual(residual, compiledModel(find, name), find).test(
          row,
          new CallerValues(caller),
          executor,
        );
      });
    },
    isSettled(caller, action, names) {
      const { fields } = verdictOf(caller, action).rule;
      return fields !== undefined && (fields.size === 0 || !names.some((each) => fields.has(each)));
    },
    fields: projectFields(model, project, find),
  };
  const numberOf = (caller: Caller, action: Action) => verdictOf(caller, action).rule.number;
  return { ...policy, perClass: perClassOf(policy, numberOf) };
}

/** @param numberOf the rule of an action for the class of a caller. */
function perClassOf(
  policy: Omit<Policy, 'perClass'>,
  numberOf: (caller: Caller, action: Action) => number,
): Policy['perClass'] {
  const projections: ClassFields[] = [];
  return (actions, make) => {
    const [first = 'read'] = actions;
    return oncePerClass(
      (caller) => {
        const projection = policy.fields(caller, first);
        if (!projections.includes(projection)) projections.push(projection);
        let key = projections.indexOf(projection);
        for (const action of actions)
          key = key * 1000 + (policy.admits(caller, action) ? numberOf(caller, action) : 0);
        return key;
      },
      (caller) => {
        const wheres = actions.flatMap((action) => policy.where(caller, action) ?? []);
        const different = [...new Set(wheres)];
        const where = different.length > 1 ? sql.join(different, ' and ') : different[0];
        return make(where, policy.fields(caller, first));
      },
    );
  };
}

/** The rule of each action that has one. */
function rulesOf({ resource, fields }: Pick<Model, 'resource' | 'fields'>): Map<Action, RuleData> {
  const rules = new Map<Action, RuleData>([
    ['see', ruleData(resource.can.read)],
    ['deleted', ruleData(resource.can.read)],
    [':restore', ruleData(resource.softDelete?.restore ?? resource.can.delete)],
  ]);
  for (const verb of VERBS) rules.set(verb, ruleData(resource.can[verb]));
  for (const { name: transition, can } of transitionsOf(fields))
    rules.set(`:${transition}`, ruleData(can ?? resource.can.update));
  for (const [operation, { can }] of Object.entries(resource.lifecycle?.operations ?? {}))
    rules.set(`:${operation}`, ruleData(can ?? resource.can.update));
  return rules;
}

/** A rule on some of the rows of a table. */
function compiledAmong(rows: Sql | undefined, rule: CompiledRule): CompiledRule {
  if (!rows) return rule;
  return { ...rule, where: rule.where ? narrowed(rule.where, sql`${rows} and ${rule.where}`) : rows };
}

/** Sets of scopes by which the class of an API key is found again. */
const MAX_SCOPES = 200;

/** Makes a thing once for each of the keys that classes of callers come to, and finds it again by the class. */
function oncePerClass<T>(
  keyOf: (caller: Caller) => number,
  make: (caller: Caller) => T,
): (caller: Caller) => T {
  const made = new Map<number, { readonly value: T }>();
  const ofClasses: ({ readonly value: T } | undefined)[] = [];
  const ofKeys = new FifoMap<string, { readonly value: T }>(MAX_SCOPES);
  return (caller) => {
    const number = classNumber(caller);
    // API keys of one class differ in their scopes.
    const scopes = caller.kind === 'key' ? `${number} ${caller.scopes?.join() ?? 'all'}` : undefined;
    const known = scopes === undefined ? ofClasses[number] : ofKeys.get(scopes);
    if (known) return known.value;
    const key = keyOf(caller);
    const one = made.get(key) ?? { value: make(caller) };
    made.set(key, one);
    if (scopes === undefined) ofClasses[number] = one;
    else ofKeys.set(scopes, one);
    return one.value;
  };
}

/** The fields that a class of callers may read or set: the model itself where that is all of its columns. */
function projectFields(
  model: Omit<Model, 'policy' | 'documented'>,
  project: (fields: readonly ModelField[]) => ClassFields,
  find: FindModel,
): Policy['fields'] {
  const isAccounts = model.resource.table === ACCOUNTS_TABLE;
  const { readable, fields } = model;
  const isRuled = readable.some(({ field }) => field.can);
  const isComputed = readable.length > fields.length;
  if (!isRuled && !isComputed) return () => model;
  const projections = new Map<string, ClassFields>([[keyOf(fields), model]]);
  const ofClasses = new Map<string, ClassFields>();
  const computedFrom = readable.flatMap(({ type: { relation } }) => relation?.resource ?? []);
  return (caller, action, id) => {
    const given = verbOf(action);
    const verb = given === 'delete' ? 'read' : given;
    const reaches = (name: string) => caller.kind !== 'key' || inScope(caller, name, 'read');
    const reach = isComputed ? computedFrom.map(reaches).join() : '';
    const isOwn = isAccounts && id !== undefined && id === accountOf(caller);
    const ofClass = `${verb} ${classNumber(caller)} ${reach}${isOwn}`;
    const known = ofClasses.get(ofClass);
    if (known) return known;
    const hasAccount = caller.kind === 'system' || accountOf(caller) !== null;
    const place = { resource: model.resource, verb, find: (name: string) => find(name)?.resource, isOwn };
    const open = (verb === 'read' ? readable : fields).flatMap((field) => {
      const residual = fieldResidual(field, caller, place);
      if (residual === false) return [];
      const computed = computedFor(
        field,
        { class: classOf(caller, verb === 'read'), hasAccount, reaches },
        model,
        find,
      );
      if (residual === true || verb !== 'read') return [computed];
      const key = `${computed.key} where ${JSON.stringify(residual)}`;
      return [{ key, field: conditionalField(computed.field, residual, model, find) }];
    });
    const key = keyOf(open.map(({ key: name }) => ({ name })));
    const made = projections.get(key) ?? project(open.map(({ field }) => field));
    projections.set(key, made);
    ofClasses.set(ofClass, made);
    return made;
  };
}

function keyOf(fields: readonly { readonly name: string }[]): string {
  return fields.map(({ name }) => name).join();
}

/** No row: the condition of a caller that may do a thing to none. */
const NONE = sql`1 = 0`;

/** The values of the parameters in a policy's conditions, found out for those that name them. */
export class CallerValues implements Asker {
  readonly [name: string]: Value;
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  get [ME](): RowId | null {
    return accountOf(this.#caller);
  }

  get [NOW](): string {
    return instantNow();
  }
}

/** A rule of no resource, for a class of callers. */
interface Standing {
  readonly decision: Decision;
  /** They have a role of operators, or the administrator's secret. */
  readonly isOperator: boolean;
}

/**
 * Compiles a rule into how callers stand to it, whatever the row.
 *
 * @param reads nothing is changed, so that viewers pass as administrators do.
 */
export function standings(rule: Rule | undefined, reads: boolean): (caller: Caller) => Standing {
  const ofClasses: (Standing | undefined)[] = [];
  return (caller) => {
    const number = classNumber(caller);
    const known = ofClasses[number];
    if (known) return known;
    const { kind, roles } = { roles: [], ...caller };
    const isOperator = kind === 'administrator' || hasOperatorRole(roles);
    const decision = decide(ruleData(rule), classOf(caller, reads), NOWHERE);
    ofClasses[number] = { decision, isOperator };
    return ofClasses[number];
  };
}

/** Compiles the check that throws `unauthenticated` or `forbidden` for callers that a rule allows nothing, whatever the row. */
export function admission(rule: Rule | undefined, reads: boolean): (caller: Caller) => void {
  const standingOf = standings(rule, reads);
  return (caller) => refuse(standingOf(caller).decision);
}

function isReading(action: Action): boolean {
  return action === 'read' || action === 'see' || action === 'deleted';
}

/** Tells classes apart: who somebody is, and which roles they have. */
function classNumber(caller: Caller): number {
  if (caller.kind === 'anonymous') return 0;
  if (caller.kind === 'administrator') return 1;
  if (caller.kind === 'system') return 2;
  const kind = caller.account === null ? 3 : 4;
  if (!caller.roles || caller.roles.length === 0) return kind;
  const key = `${kind} ${caller.roles.join()}`;
  const known = roleClasses.get(key) ?? roleClasses.size + 5;
  roleClasses.set(key, known);
  return known;
}

const roleClasses = new Map<string, number>();

/** Whether a key's scopes include an action. */
function inScope(caller: Extract<Caller, { kind: 'key' }>, resource: string, action: Action): boolean {
  if (caller.scopes === null || action === 'see' || action === 'deleted') return true;
  return inScopes(caller.scopes, resource, scopeOf(action));
}

/** In scopes, an operation is an update. */
function scopeOf(action: Action): string {
  return action.startsWith(':') ? 'update' : action;
}

/** The verb that `through` takes over from an action. */
function verbOf(action: Action): Verb {
  if (action === 'see' || action === 'deleted') return 'read';
  return VERBS.find((verb) => verb === action) ?? 'update';
}

/** All transitions of a resource, each with the field that it changes. */
export function transitionsOf(fields: Model['fields']) {
  return fields.flatMap(({ name: field, type }) =>
    Object.entries(type.transitions ?? {}).map(([name, step]) => ({ ...step, name, field })),
  );
}
