import { Problem } from '../../problems.ts';
import { ADMINISTRATOR_ROLE, VIEWER_ROLE } from '../../schema/accounts.ts';
import type { Caller } from '../../schema/caller.ts';
import { type Rule, type RuleData, ruleData } from '../../schema/rules.ts';
import { type CallerClass, fold } from './residual.ts';

/** The answer of a rule to a class of callers, whatever the row. */
export type Decision = 'allow' | 'unauthenticated' | 'forbidden';

/** The class of a caller. Viewers pass as administrators do where nothing is changed. */
export function classOf(caller: Caller, reads: boolean): CallerClass {
  if (caller.kind !== 'account' && caller.kind !== 'key') return { kind: caller.kind, roles: [] };
  const { roles = [] } = caller;
  if (roles.includes(ADMINISTRATOR_ROLE)) return { kind: 'administrator', roles };
  if (roles.includes(VIEWER_ROLE)) return { kind: reads ? 'administrator' : 'viewer', roles };
  return { kind: caller.account === null ? 'key' : 'account', roles };
}

export function decide(rule: RuleData, caller: CallerClass, place: Parameters<typeof fold>[2]): Decision {
  // A service key is let in as an account is, and owns no row.
  const mayPass = (kind: CallerClass['kind'], roles: CallerClass['roles']) =>
    fold(rule, { kind: kind === 'key' ? 'account' : kind, roles }, place) !== false;
  if (mayPass(caller.kind, caller.roles)) return 'allow';
  const others = mayPass('account', undefined) || mayPass('administrator', undefined);
  return caller.kind === 'anonymous' && others ? 'unauthenticated' : 'forbidden';
}

/** A rule of no resource, or of one that is not known where it is asked. */
export const NOWHERE = { resource: undefined, verb: 'read', find: () => undefined } as const;

/** Who may pass a rule at all: what a route takes as credentials, and what its documentation says of them. */
export function audienceOf(rule: Rule): 'everyone' | 'accounts' | 'administrator' | 'nobody' {
  const mayPass = (kind: CallerClass['kind']) =>
    fold(ruleData(rule), { kind, roles: undefined }, NOWHERE) !== false;
  if (mayPass('anonymous')) return 'everyone';
  if (mayPass('account')) return 'accounts';
  return mayPass('administrator') ? 'administrator' : 'nobody';
}

/** Whether a caller passes every condition on the caller: the holder of the secret, an account with that role, own code. */
export function isAdministrator(caller: Caller): boolean {
  const { kind } = classOf(caller, false);
  return kind === 'administrator' || kind === 'system';
}

/** Whether a caller reads what an administrator does and may change nothing. */
export function isViewer(caller: Caller): boolean {
  return classOf(caller, false).kind === 'viewer';
}

/** Throws `unauthenticated` or `forbidden`, unless the decision is to allow. */
export function refuse(decision: Decision): void {
  if (decision === 'unauthenticated') refuseAnonymous();
  if (decision === 'forbidden') throw new Problem('forbidden');
}

/** Throws `unauthenticated`. */
export function refuseAnonymous(): never {
  throw new Problem('unauthenticated', { headers: { 'WWW-Authenticate': 'Bearer' } });
}

/** Throws `forbidden` for viewers: of changes that no rule is asked for. */
export function refuseViewer(caller: Caller): void {
  if (isViewer(caller))
    throw new Problem('forbidden', { detail: 'An account with the role viewer changes nothing.' });
}
