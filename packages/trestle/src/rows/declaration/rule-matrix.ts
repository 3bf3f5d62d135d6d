import { OPERATOR_ROLES } from '../../schema/accounts.ts';
import type { App } from '../../schema/app.ts';
import type { Resource } from '../../schema/resource.ts';
import { type RuleData, ruleData, ruleText, VERBS, type Verb } from '../../schema/rules.ts';
import { type CallerClass, fold } from '../rules/residual.ts';

/** A rule of a declaration, and the rows that each kind of caller passes it for. */
export interface RuleLine {
  readonly app: string;
  readonly resource: string;
  /** `read`, `:publish` of an operation, `salary: read` of a field. */
  readonly action: string;
  readonly rule: string;
  readonly callers: Readonly<Record<string, 'all' | 'some' | 'none'>>;
}

/** The rules of a resource by action, each with the verb that `through` takes over. */
function rulesOf(resource: Resource): [string, Verb, RuleData][] {
  const rules: [string, Verb, RuleData][] = VERBS.map((verb) => [verb, verb, ruleData(resource.can[verb])]);
  for (const [operation, { can }] of Object.entries(resource.lifecycle?.operations ?? {}))
    rules.push([`:${operation}`, 'update', ruleData(can ?? resource.can.update)]);
  if (resource.softDelete)
    rules.push([':restore', 'delete', ruleData(resource.softDelete.restore ?? resource.can.delete)]);
  for (const [field, { can, type }] of Object.entries(resource.fields)) {
    for (const [transition, { can: own }] of Object.entries(type.transitions ?? {}))
      rules.push([`:${transition}`, 'update', ruleData(own ?? resource.can.update)]);
    for (const verb of ['read', 'create', 'update'] as const)
      if (can?.[verb]) rules.push([`${field}: ${verb}`, verb, ruleData(can[verb])]);
  }
  return rules;
}

const ADMINISTRATOR: CallerClass = { kind: 'administrator', roles: [] };

/** Every rule of an app: of verbs, operations and fields, then those of its accounts. */
export function ruleMatrix({
  name,
  resources: declared,
  accounts,
}: Pick<App, 'name' | 'resources' | 'accounts'>): RuleLine[] {
  const resources = { ...declared, accounts: accounts.resource };
  return Object.entries(resources).flatMap(([key, resource]) => {
    const rules = rulesOf(resource);
    // Who deletes an account is not declared: itself and the administrator.
    const { list, grant } = accounts.can;
    const own: typeof rules = [
      ['list', 'read', ruleData(list)],
      [':set-roles', 'update', ruleData(grant)],
    ];
    if (resource === accounts.resource) rules.splice(VERBS.indexOf('delete'), 1, ...own);
    const roles = [...new Set(rules.flatMap(([, , rule]) => rolesIn(rule)))];
    const callers: [string, CallerClass][] = [
      ['anonymous', { kind: 'anonymous', roles: [] }],
      ['account', { kind: 'account', roles: [] }],
      ...roles.map((role): [string, CallerClass] => [role, { kind: 'account', roles: [role] }]),
      ['viewer', { kind: 'viewer', roles: [] }],
      ['administrator', ADMINISTRATOR],
    ];
    return rules.map(([action, verb, rule]) => ({
      app: name,
      resource: key,
      action,
      rule: ruleText(rule),
      callers: Object.fromEntries(
        callers.map(([caller, one]) => {
          // A viewer reads as an administrator does.
          const asked = one.kind === 'viewer' && verb === 'read' ? ADMINISTRATOR : one;
          const left = fold(rule, asked, {
            resource,
            verb,
            find: (other) => (other === 'accounts' ? accounts.resource : declared[other]),
          });
          return [caller, left === true ? 'all' : left === false ? 'none' : 'some'] as const;
        }),
      ),
    }));
  });
}

function rolesIn(rule: RuleData): string[] {
  if (rule.kind === 'role') return rule.roles.filter((role) => !OPERATOR_ROLES.includes(role));
  if (rule.kind === 'any' || rule.kind === 'all') return rule.rules.flatMap(rolesIn);
  return rule.kind === 'not' ? rolesIn(rule.rule) : [];
}
