import type { Condition } from './services/list-query.ts';

/** The names of a resource that a rule stands on: its `author()` fields, and any of its fields. */
interface RuleTypes {
  author: string;
  field: string;
}

/**
 * A rule: who may do a thing. Rules are data, so that each is compiled once into a test in memory and a condition in SQL, and
 * the documentation can say which routes need credentials. They are made by the constants and functions of this file.
 */
export interface Rule<T extends RuleTypes = RuleTypes> {
  /** Name of the kind of rule. */
  readonly kind: RuleData['kind'];
  /** A type only. @internal */
  readonly $rule?: T;
}

/** A rule as the engine reads it. */
export type RuleData =
  | { readonly kind: 'anyone' | 'signedIn' | 'administrator' | 'nobody' }
  | { readonly kind: 'role'; readonly roles: readonly string[] }
  | { readonly kind: 'own'; readonly field: string }
  | { readonly kind: 'where'; readonly filter: RuleFilter }
  | { readonly kind: 'exists'; readonly resource: string; readonly filter: RuleFilter }
  | { readonly kind: 'through'; readonly field: string; readonly verb: Verb | undefined }
  | { readonly kind: 'any' | 'all'; readonly rules: readonly RuleData[] }
  | { readonly kind: 'not'; readonly rule: RuleData };

/** The data of a rule; without one, of `nobody`. */
export function ruleData(rule: Rule | undefined): RuleData {
  // Rules are made by the constants and functions of this file alone: declarations are checked for that at start.
  return (rule ?? nobody) as RuleData;
}

export const RULE_KINDS = [
  'anyone',
  'signedIn',
  'administrator',
  'nobody',
  'role',
  'own',
  'where',
  'exists',
  'through',
  'any',
  'all',
  'not',
] as const satisfies readonly RuleData['kind'][];

/** A value of a condition that is known only when the rule is asked. */
export type Operand = typeof me | typeof now | Its;

/**
 * A field of the row that a rule is asked for, inside `exists(...)`.
 *
 * @internal
 */
interface Its<Name extends string = string> {
  readonly operand: 'its';
  readonly field: Name;
}

type Scalar = string | number | boolean | null;

/** The filter grammar of lists: a value for `eq`, an array for `in`, or operators; `or` holds alternatives. */
export interface RuleFilter {
  readonly [field: string]:
    | Scalar
    | Operand
    | readonly Scalar[]
    | Condition<Scalar | Operand>
    | readonly RuleFilter[]
    | undefined;
}

/**
 * Every caller, with credentials or without.
 *
 * @example
 * resource({ fields: { title: text() }, can: { read: anyone } });
 */
export const anyone: Rule<never> = Object.freeze({ kind: 'anyone' });
/**
 * Every account, by a token or by one of its API keys.
 *
 * @example
 * resource({ fields: { title: text() }, can: { create: signedIn } });
 */
export const signedIn: Rule<never> = Object.freeze({ kind: 'signedIn' });
/**
 * The holder of `TRESTLE_ADMIN_SECRET`, and accounts with the role `administrator`. They pass every condition on the caller.
 *
 * @example
 * resource({ fields: { title: text() }, can: { delete: administrator } });
 */
export const administrator: Rule<never> = Object.freeze({ kind: 'administrator' });
/**
 * No caller; only the app's own code. The rule of a verb that has none.
 *
 * @example
 * resource({ fields: { title: text() }, can: { delete: nobody } });
 */
export const nobody: Rule<never> = Object.freeze({ kind: 'nobody' });
/**
 * The caller's account, in a condition. Nothing compares with it for a caller that has none.
 *
 * @example
 * resource({ fields: { title: text(), author: author() }, can: { read: where({ author: me }) } });
 */
export const me = Object.freeze({ operand: 'me' });
/**
 * The account itself, in the rules of accounts and of their own fields.
 *
 * @example
 * accounts({
 *   fields: { phone: text({ nullable: true, can: { read: any(ownAccount, administrator), update: ownAccount } }) },
 * });
 */
export const ownAccount: Rule<never> = Object.freeze({ kind: 'where', filter: Object.freeze({ id: me }) });
/**
 * The instant at which a rule is asked, in a condition.
 *
 * @example
 * resource({ fields: { from: timestamp() }, can: { read: where({ from: { lte: now } }) } });
 */
export const now = Object.freeze({ operand: 'now' });

/**
 * Accounts that have one of these roles. The administrator has every role.
 *
 * @example
 * resource({ fields: { title: text() }, can: { read: signedIn, update: role('editor', 'publisher') } });
 */
export function role(...roles: readonly [string, ...string[]]): Rule<never> {
  return made({ kind: 'role', roles });
}

/**
 * The account named by an `author()` field of the row.
 *
 * @example
 * resource({ fields: { author: author() }, can: { update: own('author') } });
 */
export function own<const Name extends string>(authorField: Name): Rule<{ author: Name; field: never }> {
  return made({ kind: 'own', field: authorField });
}

/**
 * Rows that match a filter: the grammar of lists, with constants, `me` and `now`.
 *
 * @example
 * resource({
 *   fields: { state: oneOf(['draft', 'published']), author: author() },
 *   can: { read: any(where({ state: 'published' }), own('author')) },
 * });
 */
export function where<const F extends RuleFilter>(filter: F): Rule<{ author: never; field: NamesIn<F> }> {
  return made({ kind: 'where', filter });
}

/** The rule of `exists()`. */
export function existsRule<F extends RuleFilter>(
  resource: string,
  filter: F,
): Rule<{ author: never; field: ItsIn<F> }> {
  return made({ kind: 'exists', resource, filter });
}

/**
 * A field of the row that a rule is asked for, inside `exists(...)`.
 *
 * @example
 * exists('memberships', { team: its('team'), member: me });
 */
export function its<const Name extends string>(field: Name): Its<Name> {
  return Object.freeze({ operand: 'its', field });
}

/**
 * Whoever may do this verb to the row that a reference names. A null reference names none.
 *
 * @param verb the verb of the other resource (default: the same one; `update` for an operation).
 * @example
 * resource({
 *   fields: { project: reference('projects') },
 *   can: { read: through('project'), create: through('project', 'update') },
 * });
 */
export function through<const Name extends string>(
  reference: Name,
  verb?: Verb,
): Rule<{ author: never; field: Name }> {
  return made({ kind: 'through', field: reference, verb });
}

/**
 * Whoever one of these rules allows.
 *
 * @example
 * resource({ fields: { author: author() }, can: { update: any(own('author'), role('editor')) } });
 */
export function any<const Rs extends readonly Rule[]>(...rules: Rs): Rule<TypesOf<Rs[number]>> {
  return made({ kind: 'any', rules: [...new Set(rules.map(ruleData))] });
}

/**
 * Whoever all of these rules allow.
 *
 * @example
 * resource({ fields: { open: boolean() }, can: { update: all(signedIn, where({ open: true })) } });
 */
export function all<const Rs extends readonly Rule[]>(...rules: Rs): Rule<TypesOf<Rs[number]>> {
  return made({ kind: 'all', rules: [...new Set(rules.map(ruleData))] });
}

/**
 * Whoever a rule does not allow. Conditions on the caller let the administrator pass here too.
 *
 * @example
 * resource({ fields: { author: author() }, can: { update: all(role('reviewer'), not(own('author'))) } });
 */
export function not<const R extends Rule>(rule: R): Rule<TypesOf<R>> {
  return made({ kind: 'not', rule: ruleData(rule) });
}

function made<T extends RuleTypes>(data: RuleData): Rule<T> {
  return Object.freeze(data);
}

type TypesOf<R> = R extends Rule<infer T> ? T : never;
type NamesIn<F> = F extends { readonly or: readonly (infer Each)[] }
  ? NamesIn<Each> | NamesIn<Omit<F, 'or'>>
  : F extends object
    ? keyof F & string
    : never;
export type ItsIn<V> =
  V extends Its<infer Name>
    ? Name
    : V extends readonly (infer Each)[]
      ? ItsIn<Each>
      : V extends object
        ? { [K in keyof V]-?: ItsIn<V[K]> }[keyof V]
        : never;

export const VERBS = ['read', 'create', 'update', 'delete'] as const;
export type Verb = (typeof VERBS)[number];

/** A rule for each verb; one that is left out is closed (`nobody`). */
export type Rules<T extends RuleTypes = RuleTypes> = { readonly [V in Verb]?: Rule<T> };

/** Whether a value of a condition is `me`, `now` or `its(...)`. */
export function isOperand(value: unknown): value is Operand {
  return typeof value === 'object' && value !== null && 'operand' in value;
}

/** One condition of a filter: a field, an operator and what it compares with. */
export interface RuleCondition {
  readonly field: string;
  readonly operator: string;
  readonly value: unknown;
}

/** The conditions of a filter, all of which must hold; of its alternatives, one each. */
export function conditionsOf(filter: RuleFilter): (RuleCondition | readonly RuleFilter[])[] {
  return Object.entries(filter).flatMap(([field, given]): (RuleCondition | readonly RuleFilter[])[] => {
    if (given === undefined) return [];
    // Only `or` holds filters.
    if (field === 'or') return [given as readonly RuleFilter[]];
    if (Array.isArray(given)) return [{ field, operator: 'in', value: given }];
    if (typeof given !== 'object' || given === null || isOperand(given))
      return [{ field, operator: 'eq', value: given }];
    return Object.entries(given).map(([operator, value]) => ({ field, operator, value }));
  });
}

/** The fields of a row that a rule asks for. */
export function askedOfRow(rule: RuleData): string[] {
  switch (rule.kind) {
    case 'own':
    case 'through':
      return [rule.field];
    case 'where':
      return conditionsOf(rule.filter).flatMap((one) => ('field' in one ? [one.field] : []));
    case 'exists':
      return conditionsOf(rule.filter).flatMap((one) =>
        'field' in one && isOperand(one.value) && one.value.operand === 'its' ? [one.value.field] : [],
      );
    case 'any':
    case 'all':
      return rule.rules.flatMap(askedOfRow);
    case 'not':
      return askedOfRow(rule.rule);
    default:
      return [];
  }
}

/** A rule as it is written: `any(own('author'), role('editor'))`. */
export function ruleText(rule: RuleData): string {
  switch (rule.kind) {
    case 'role':
      return `role(${rule.roles.map((name) => `'${name}'`).join(', ')})`;
    case 'own':
      return `own('${rule.field}')`;
    case 'where':
      return `where(${valueText(rule.filter)})`;
    case 'exists':
      return `exists('${rule.resource}', ${valueText(rule.filter)})`;
    case 'through':
      return `through('${rule.field}'${rule.verb ? `, '${rule.verb}'` : ''})`;
    case 'any':
    case 'all':
      return `${rule.kind}(${rule.rules.map(ruleText).join(', ')})`;
    case 'not':
      return `not(${ruleText(rule.rule)})`;
    default:
      return rule.kind;
  }
}

function valueText(value: unknown): string {
  if (isOperand(value)) return value.operand === 'its' ? `its('${value.field}')` : value.operand;
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([name, each]) => `${name}: ${valueText(each)}`)
    .join(', ')} }`;
}

/** Whether a rule asks the caller alone; `isAccount`: it may be one on accounts, of the caller's own. */
export function isOnCaller(rule: Rule, isAccount = false): boolean {
  const data = ruleData(rule);
  if (data.kind === 'any' || data.kind === 'all')
    return data.rules.every((each) => isOnCaller(each, isAccount));
  if (data.kind === 'not') return isOnCaller(data.rule, isAccount);
  if (data === ruleData(ownAccount)) return isAccount;
  return ['anyone', 'signedIn', 'role', 'administrator', 'nobody'].includes(data.kind);
}
