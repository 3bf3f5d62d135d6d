import { type Sql, sql } from '../database/sql.ts';
import { param } from '../database/statement.ts';
import type { Executor, Value } from '../database/store.ts';
import { Problem } from '../problems.ts';
import { accountOf, type Caller } from '../schema/caller.ts';
import type { Resource } from '../schema/resource.ts';
import type { Rule, Verb } from '../schema/rules.ts';
import type { Projection } from './model.ts';

/**
 * What a caller may want with rows: a verb; `:publish`, an operation of the lifecycle, which has its own rule, else that of
 * `update`; or `see`, the read rule whatever a key's scopes are, which tells 403 from 404 where a row is written.
 */
export type Action = Verb | 'see' | `:${string}`;

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
   * caller of a class; its parameter `ME` is bound by `callerValues`.
   */
  where(caller: Caller, action: Action): Sql | undefined;
  /** Whether the caller may do this to a row, as it is or as it will be. Rules that look at other rows ask `executor`. */
  allows(caller: Caller, action: Action, row: Columns, executor: Executor): boolean | Promise<boolean>;
  /** The fields the caller may read, or set where the action writes. The same object for every caller of a class. */
  fields(caller: Caller, action: Action): Projection;
  /**
   * What depends on a caller's class alone, such as a compiled statement: made once for each. `where` leaves the rows that
   * the caller may do all of the actions to, `fields` are those of the first.
   */
  perClass<T>(
    actions: readonly Action[],
    make: (where: Sql | undefined, fields: Projection) => T,
  ): (caller: Caller) => T;
}

type Columns = Readonly<Record<string, unknown>>;
type Decision = 'allow' | 'unauthenticated' | 'forbidden';

/** A rule, compiled to a decision by the caller alone, a condition for lists, and a test of one row. */
interface CompiledRule {
  decide(caller: Caller): Decision;
  where(caller: Caller): Sql | undefined;
  test(caller: Caller, row: Columns): boolean;
}

/** No row: the condition of a caller that may do a thing to none. */
const NONE = sql`1 = 0`;

/** Compiles the rules of a resource. `all` projects every field. */
export function compilePolicy(name: string, resource: Resource, all: Projection): Policy {
  const rules = new Map<Action, CompiledRule>([
    ['see', compileRule(resource.can.read)],
    ['read', compileRule(resource.can.read)],
    // The owner of a new row is set to whoever creates it.
    ['create', { ...compileRule(resource.can.create), test: () => true }],
    ['update', compileRule(resource.can.update)],
    ['delete', compileRule(resource.can.delete)],
  ]);
  for (const [operation, { can }] of Object.entries(resource.lifecycle?.operations ?? {}))
    rules.set(`:${operation}`, compileRule(can ?? resource.can.update));
  // An operation that is not declared any more may still be under way.
  const ruleOf = (action: Action) => rules.get(action) ?? rules.get('update') ?? CLOSED;
  const numbers = new Map<Sql | undefined, number>();
  const numberOf = (where: Sql | undefined) => {
    const number = numbers.get(where) ?? numbers.size;
    numbers.set(where, number);
    return number;
  };
  const policy: Policy = {
    admit(caller, action) {
      refuse(ruleOf(action).decide(caller));
      if (!inScope(caller, name, action))
        throw new Problem('forbidden', {
          detail: `This API key's scopes do not include ${name}:${scopeOf(action)}.`,
        });
    },
    admits: (caller, action) => ruleOf(action).decide(caller) === 'allow' && inScope(caller, name, action),
    where: (caller, action) => (policy.admits(caller, action) ? ruleOf(action).where(caller) : NONE),
    allows: (caller, action, row) => policy.admits(caller, action) && ruleOf(action).test(caller, row),
    fields: () => all,
    perClass<T>(actions: readonly Action[], make: (where: Sql | undefined, fields: Projection) => T) {
      const made = new Map<number, { readonly value: T }>();
      return (caller: Caller) => {
        let key = 0;
        for (const action of actions) key = key * 1000 + numberOf(policy.where(caller, action));
        const known = made.get(key);
        if (known) return known.value;
        const wheres = actions.flatMap((action) => policy.where(caller, action) ?? []);
        const where = wheres.length > 0 ? sql.join([...new Set(wheres)], ' and ') : undefined;
        const value = make(where, policy.fields(caller, actions[0] ?? 'read'));
        made.set(key, { value });
        return value;
      };
    },
  };
  return policy;
}

/** The parameter of the caller's account. No field has a name with a colon. */
const ME = ':me';

/** The values of the parameters in a policy's conditions. */
export function callerValues(caller: Caller): { [ME]: Value } {
  return { [ME]: accountOf(caller) };
}

/** What throws `unauthenticated` or `forbidden` for callers that a rule allows nothing, whatever the row: of a route, of accounts. */
export function admission(rule: Rule | undefined): (caller: Caller) => void {
  const { decide } = compileRule(rule);
  return (caller) => refuse(decide(caller));
}

/** Throws `unauthenticated`. */
export function refuseAnonymous(): never {
  throw new Problem('unauthenticated', { headers: { 'WWW-Authenticate': 'Bearer' } });
}

/** Who may pass a rule at all: what a route takes as credentials, and what its documentation says of them. */
export function audienceOf({ who }: Rule): 'everyone' | 'accounts' | 'administrator' | 'nobody' {
  if (who === 'anyone') return 'everyone';
  return who === 'administrator' || who === 'nobody' ? who : 'accounts';
}

const CLOSED: CompiledRule = { decide: () => 'forbidden', where: () => NONE, test: () => false };
const byCaller = (decide: CompiledRule['decide']): CompiledRule => ({
  decide,
  where: () => undefined,
  test: () => true,
});
const ANYONE = byCaller(() => 'allow');
const SIGNED_IN = byCaller(({ kind }) => (kind === 'anonymous' ? 'unauthenticated' : 'allow'));
const ADMINISTRATOR = byCaller(({ kind }) => {
  if (kind === 'administrator') return 'allow';
  return kind === 'anonymous' ? 'unauthenticated' : 'forbidden';
});

function compileRule(rule: Rule | undefined): CompiledRule {
  switch (rule?.who) {
    case 'anyone':
      return ANYONE;
    case 'signedIn':
      return SIGNED_IN;
    case 'administrator':
      return ADMINISTRATOR;
    case 'owner':
      return ownerRule(rule.field ?? '');
    default:
      return CLOSED;
  }
}

const owners = new Map<string, CompiledRule>();

/** The administrator owns every row, and a service key, which has no account, owns none. */
function ownerRule(field: string): CompiledRule {
  const known = owners.get(field);
  if (known) return known;
  const own = sql`${sql.ref(field)} = ${param(ME)}`;
  const rule: CompiledRule = {
    decide: SIGNED_IN.decide,
    where: ({ kind }) => (kind === 'administrator' ? undefined : own),
    test(caller, row) {
      const account = accountOf(caller);
      return caller.kind === 'administrator' || (account !== null && row[field] === account);
    },
  };
  owners.set(field, rule);
  return rule;
}

function refuse(decision: Decision): void {
  if (decision === 'unauthenticated') refuseAnonymous();
  if (decision === 'forbidden') throw new Problem('forbidden');
}

/** Whether a key's scopes include an action; a key without scopes may what its owner may. */
function inScope(caller: Caller, resource: string, action: Action): boolean {
  if (caller.kind !== 'key' || caller.scopes === null || action === 'see') return true;
  const wanted = scopeOf(action);
  return caller.scopes.some((scope) => {
    const [name, verb] = scope.split(':');
    return (name === resource || name === '*') && (verb === wanted || verb === '*');
  });
}

/** In scopes, an operation is an update. */
function scopeOf(action: Action): string {
  return action.startsWith(':') ? 'update' : action;
}
