import type { Caller } from '../../schema/caller.ts';
import type { Resource } from '../../schema/resource.ts';
import {
  conditionsOf,
  isOperand,
  type RuleCondition,
  type RuleData,
  type RuleFilter,
  ruleData,
  type Verb,
} from '../../schema/rules.ts';

/** The facts of a caller that rules go by; callers with the same ones are a class. */
export interface CallerClass {
  /**
   * `key`: a service key, which has no account; `system`: the app's own code, for which every rule holds; `viewer`: an account
   * that may change nothing, where it would.
   */
  readonly kind: Caller['kind'] | 'viewer';
  /** Undefined where any roles are to be thought of. */
  readonly roles: readonly string[] | undefined;
  /** The row is the caller's own account: `ownAccount` holds (default: that depends on the row). */
  readonly isOwn?: boolean;
}

/** The rest of a rule for a class of callers: conditions on rows alone. All that depends on the caller is decided. */
export type Residual = boolean | Part;
export type Part =
  | ({ readonly kind: 'condition' } & RuleCondition)
  | { readonly kind: 'exists'; readonly resource: string; readonly filter: Residual }
  | { readonly kind: 'through'; readonly field: string; readonly resource: string; readonly rule: Residual }
  | { readonly kind: 'any' | 'all'; readonly parts: readonly Part[] }
  | { readonly kind: 'not'; readonly part: Part };

/** Where a rule stands: for which verb, on the rows of which resource. */
interface RulePlace {
  readonly resource: Resource | undefined;
  readonly verb: Verb;
  /** Finds the resources that `through` names. */
  readonly find: (name: string) => Resource | undefined;
}

/** A part that no caller's class decides. */
const UNKNOWN: Part = { kind: 'condition', field: 'id', operator: 'null', value: false };

/**
 * Decides a rule as far as the caller's class does. The administrator passes every condition on the caller, negated ones too
 * (`negated`); a condition that compares with `me` holds for nobody without an account.
 */
export function fold(rule: RuleData, caller: CallerClass, place: RulePlace, negated = false): Residual {
  if (caller.kind === 'system') return true;
  if (caller.kind === 'viewer') return negated;
  const onCaller = (holds: Residual) => (caller.kind === 'administrator' ? !negated : holds);
  switch (rule.kind) {
    case 'anyone':
      return true;
    case 'nobody':
      return false;
    case 'signedIn':
      return onCaller(caller.kind !== 'anonymous');
    case 'administrator':
      return onCaller(false);
    case 'role':
      if (caller.kind === 'anonymous') return false;
      return onCaller(caller.roles?.some((one) => rule.roles.includes(one)) ?? UNKNOWN);
    case 'own':
      return foldFilter({ [rule.field]: { operand: 'me' } }, caller, negated);
    case 'where':
      return foldFilter(rule.filter, caller, negated);
    case 'exists': {
      const filter = foldFilter(rule.filter, caller, negated);
      if (caller.kind === 'administrator' && namesMe(rule.filter)) return !negated;
      return filter && { kind: 'exists', resource: rule.resource, filter };
    }
    case 'through':
      return foldThrough(rule, caller, place, negated);
    case 'any':
    case 'all':
      return combined(
        rule.kind,
        rule.rules.map((part) => fold(part, caller, place, negated)),
      );
    case 'not': {
      const part = fold(rule.rule, caller, place, !negated);
      if (typeof part === 'boolean') return !part;
      return part.kind === 'not' ? part.part : { kind: 'not', part };
    }
  }
}

function foldThrough(
  { field, verb }: RuleData & { kind: 'through' },
  caller: CallerClass,
  { resource, verb: own, find }: RulePlace,
  negated: boolean,
): Residual {
  const name = resource?.fields[field]?.type.reference?.target ?? '';
  const target = find(name);
  if (!target) return UNKNOWN;
  const wanted = verb ?? own;
  const place = { resource: target, verb: wanted, find };
  const rule = fold(ruleData(target.can[wanted]), caller, place, negated);
  return rule && { kind: 'through', field, resource: name, rule };
}

/** Decides the conditions of a filter that compare with `me`, as far as the caller's class does. */
export function foldFilter(filter: RuleFilter, caller: CallerClass, negated: boolean): Residual {
  const parts = conditionsOf(filter).map((condition): Residual => {
    if (!('field' in condition))
      return combined(
        'any',
        condition.map((each) => foldFilter(each, caller, negated)),
      );
    if (!isMe(condition.value)) return { kind: 'condition', ...condition };
    if (caller.kind === 'administrator') return !negated;
    if (caller.isOwn && condition.field === 'id' && condition.operator === 'eq') return true;
    return caller.kind === 'account' && { kind: 'condition', ...condition };
  });
  return combined('all', parts);
}

/** A condition that holds where all of some do. */
export function allOfResiduals(parts: readonly Residual[]): Residual {
  return combined('all', parts);
}

export function combined(kind: 'any' | 'all', parts: readonly Residual[]): Residual {
  const decided = kind === 'any';
  if (parts.includes(decided)) return decided;
  const open = parts.flatMap((part) =>
    typeof part === 'boolean' ? [] : part.kind === kind ? part.parts : [part],
  );
  const [only, ...more] = open;
  if (!only) return !decided;
  return more.length === 0 ? only : { kind, parts: open };
}

function isMe(value: unknown): boolean {
  return isOperand(value) && value.operand === 'me';
}

function namesMe(filter: RuleFilter): boolean {
  return conditionsOf(filter).some((one) => ('field' in one ? isMe(one.value) : one.some(namesMe)));
}

/** True where the row alone decides. */
export function isLocal(part: Part): boolean {
  if (part.kind === 'any' || part.kind === 'all') return part.parts.every(isLocal);
  return part.kind === 'not' ? isLocal(part.part) : part.kind === 'condition';
}

/** The fields of the row that a part depends on; inside `exists`, those that `its` names. */
export function fieldsOf(part: Residual, inside = false): string[] {
  if (typeof part === 'boolean') return [];
  switch (part.kind) {
    case 'condition':
      if (!inside) return [part.field];
      return isOperand(part.value) && part.value.operand === 'its' ? [part.value.field] : [];
    case 'exists':
      return inside ? [] : fieldsOf(part.filter, true);
    case 'through':
      return inside ? [] : [part.field];
    case 'not':
      return fieldsOf(part.part, inside);
    default:
      return part.parts.flatMap((each) => fieldsOf(each, inside));
  }
}

/** A filter of other rows that compares one of their fields with one of the row. */
interface Lookup {
  /** The field of the other rows, and that of the row. */
  readonly field: string;
  readonly its: string;
  /** The conditions beside, which no field of the row is in. */
  readonly rest: Residual;
}

/** The lookup that a filter of `exists` is, if it is one. */
export function lookupOf(filter: Residual): Lookup | undefined {
  if (typeof filter === 'boolean') return undefined;
  const parts = filter.kind === 'all' ? filter.parts : [filter];
  const [only, ...more] = parts.filter((part) => fieldsOf(part, true).length > 0);
  if (only?.kind !== 'condition' || only.operator !== 'eq' || more.length > 0) return undefined;
  const { field, value } = only;
  if (!isOperand(value) || value.operand !== 'its') return undefined;
  const others = parts.filter((part) => part !== only);
  return { field, its: value.field, rest: combined('all', others) };
}

/** Whether rows of a resource decide, beside the one that is asked for. */
export function looksAtTable(part: Residual, name: string): boolean {
  if (typeof part === 'boolean' || part.kind === 'condition') return false;
  if (part.kind === 'not') return looksAtTable(part.part, name);
  if ('parts' in part) return part.parts.some((each) => looksAtTable(each, name));
  return part.resource === name || looksAtTable(part.kind === 'exists' ? part.filter : part.rule, name);
}
