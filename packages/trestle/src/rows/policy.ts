import { Problem } from '../problems.ts';
import { accountOf, type Caller } from '../schema/caller.ts';
import type { Rule, Verb } from '../schema/rules.ts';

export type Decision = 'allow' | 'unauthenticated' | 'forbidden';

/**
 * The one place that decides who may do what. Every channel comes through here: contract routes, the uniform API,
 * operations, event streams. A rule that is left out is closed. Without a row an owner's rule is answered as far as it
 * can be: whether the caller has an account at all.
 */
export function decide(
  rule: Rule | undefined,
  caller: Caller,
  row?: Readonly<Record<string, unknown>>,
): Decision {
  if (!rule || rule.who === 'nobody') return 'forbidden';
  if (caller.kind === 'administrator' || rule.who === 'anyone') return 'allow';
  if (caller.kind === 'anonymous') return 'unauthenticated';
  if (rule.who === 'administrator') return 'forbidden';
  if (rule.who === 'signedIn' || !row) return 'allow';
  const account = accountOf(caller);
  return account !== null && row[rule.field ?? ''] === account ? 'allow' : 'forbidden';
}

/** Throws `unauthenticated` or `forbidden` where the rule does not allow the caller. */
export function authorize(
  rule: Rule | undefined,
  caller: Caller,
  row?: Readonly<Record<string, unknown>>,
): void {
  refuse(decide(rule, caller, row));
}

export function refuse(decision: Decision): void {
  if (decision === 'unauthenticated')
    throw new Problem('unauthenticated', { headers: { 'WWW-Authenticate': 'Bearer' } });
  if (decision === 'forbidden') throw new Problem('forbidden');
}

/** Throws `forbidden` where a key's scopes leave out this action; a key without scopes may what its owner may. */
export function requireScope(caller: Caller, resource: string, verb: Verb): void {
  if (caller.kind !== 'key' || caller.scopes === null) return;
  const fits = caller.scopes.some((scope) => {
    const [name, action] = scope.split(':');
    return (name === resource || name === '*') && (action === verb || action === '*');
  });
  if (!fits)
    throw new Problem('forbidden', { detail: `This API key's scopes do not include ${resource}:${verb}.` });
}

/** The field a list is narrowed by: only rows whose field is the caller's account. Undefined where it sees all. */
export function ownerField(rule: Rule | undefined, caller: Caller): string | undefined {
  return rule?.who === 'owner' && caller.kind !== 'administrator' ? rule.field : undefined;
}
