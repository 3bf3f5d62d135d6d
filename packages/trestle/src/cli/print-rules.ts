import type { Command } from 'commander';
import { type CallerClass, fold } from '../rows/compiled-rule.ts';
import type { App } from '../schema/app.ts';
import type { Resource } from '../schema/resource.ts';
import { type RuleData, ruleData, ruleText, VERBS, type Verb } from '../schema/rules.ts';
import { findApps } from './find-apps.ts';

/** A rule of a declaration, and the rows that each kind of caller passes it for. */
interface RuleLine {
  readonly app: string;
  readonly resource: string;
  /** `read`, `:publish` of an operation, `salary: read` of a field. */
  readonly action: string;
  readonly rule: string;
  readonly callers: Readonly<Record<string, 'all' | 'some' | 'none'>>;
}

/** `trestle rules [APP…]` */
export function define(command: Command): void {
  command
    .argument('[apps...]', 'apps by folder or name (default: all)')
    .option('--json', 'print JSON')
    .action(async (names: string[], { json = false }: { json?: boolean }) => {
      const lines = (await findApps(names)).flatMap(ruleMatrix);
      process.stdout.write(json ? `${JSON.stringify(lines, null, 2)}\n` : tables(lines));
    });
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

/** Every rule of an app: of verbs, operations and fields, then those of its accounts. */
function ruleMatrix({ name, resources: declared, accounts }: App): RuleLine[] {
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
      ['administrator', { kind: 'administrator', roles: [] }],
    ];
    return rules.map(([action, verb, rule]) => ({
      app: name,
      resource: key,
      action,
      rule: ruleText(rule),
      callers: Object.fromEntries(
        callers.map(([caller, one]) => {
          const find = (other: string) => (other === 'accounts' ? accounts.resource : declared[other]);
          const left = fold(rule, one, { resource, verb, find });
          return [caller, left === true ? 'all' : left === false ? 'none' : 'some'] as const;
        }),
      ),
    }));
  });
}

function rolesIn(rule: RuleData): string[] {
  if (rule.kind === 'role') return rule.roles.filter((role) => role !== 'administrator');
  if (rule.kind === 'any' || rule.kind === 'all') return rule.rules.flatMap(rolesIn);
  return rule.kind === 'not' ? rolesIn(rule.rule) : [];
}

/** One table for each resource: `all` rows, `some` by the rule, `-` for none. */
function tables(lines: readonly RuleLine[]): string {
  return [...Map.groupBy(lines, ({ app, resource }) => `${app}.${resource}`)]
    .map(([title, group]) => {
      const callers = Object.keys(group[0]?.callers ?? {});
      const cells = [
        [title, ...callers, 'rule'],
        ...group.map(({ action, rule, callers: of }) => [
          action,
          ...callers.map((caller) => (of[caller] === 'none' ? '-' : String(of[caller]))),
          rule,
        ]),
      ];
      const widths = cells[0]?.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0))) ?? [];
      return cells
        .map((row) =>
          row
            .map((cell, at) => cell.padEnd(widths[at] ?? 0))
            .join('  ')
            .trimEnd(),
        )
        .join('\n');
    })
    .join('\n\n')
    .concat('\n');
}
