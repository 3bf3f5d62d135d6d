import { type Accounts, OPERATOR_ROLES } from '../accounts.ts';
import type { FieldType } from '../field-type.ts';
import type { Resource } from '../resource.ts';
import type { Resources } from '../row-types.ts';
import {
  askedOfRow,
  conditionsOf,
  isOnCaller,
  isOperand,
  type Operand,
  type RuleCondition,
  type RuleData,
  type RuleFilter,
  ruleData,
  VERBS,
  type Verb,
} from '../rules.ts';
import { OPERATORS, type Operator } from '../services/list-query.ts';
import { didYouMean } from './nearest.ts';
import { isObject, shown } from './options.ts';

/** Where a rule stands: the resource whose rows it is asked for, and what else is declared. */
interface Place {
  readonly path: string;
  readonly name: string;
  readonly verb: Verb;
  readonly resources: Resources;
  readonly accounts: Accounts;
  readonly wrong: (path: string, remedy: string) => never;
}

/** Checks the names and values in the rules of an app; `wrong` throws with the path and the remedy. */
export function checkRules(
  app: string,
  resources: Resources,
  accounts: Accounts,
  wrong: Place['wrong'],
): void {
  for (const [name, resource] of Object.entries(resources)) {
    const base = { name, resources, accounts, wrong };
    for (const verb of VERBS) {
      const rule = resource.can[verb];
      if (rule) checkRule(ruleData(rule), { ...base, path: `${app}.${name}.can.${verb}`, verb });
      if (verb === 'read') checkParents(`${app}.${name}`, resource, wrong);
      checkCycle([{ name, verb }], ruleData(rule), { ...base, path: `${app}.${name}.can.${verb}`, verb });
    }
    const path = `${app}.${name}`;
    const steps = Object.entries(resource.fields).flatMap(([key, { type }]) =>
      Object.entries(type.transitions ?? {}).map(([step, { can }]) => ({
        can,
        path: `${path}.${key}.${step}.can`,
      })),
    );
    const operations = Object.entries(resource.lifecycle?.operations ?? {}).map(([operation, { can }]) => ({
      can,
      path: `${path}.lifecycle.operations.${operation}.can`,
    }));
    const restore = { can: resource.softDelete?.restore, path: `${path}.softDelete.restore` };
    for (const one of [...steps, ...operations, restore])
      if (one.can) checkRule(ruleData(one.can), { ...base, path: one.path, verb: 'update' });
    checkFields({ ...base, path, verb: 'read' });
  }
}

/** Refuses a parent that rows are looked up by without the index that lists of its rows are read by. */
function checkParents(path: string, { fields, can }: Resource, wrong: Place['wrong']): void {
  for (const name of askedOfRow(ruleData(can.read))) {
    const field = fields[name];
    if (!field || field.index || !(field.type.isOwner || field.type.reference)) continue;
    wrong(`${path}.${name}`, `can.read finds rows by ${name}, which needs its index; leave out index: false`);
  }
}

/** Checks the filters of computed fields, and the rules of fields. */
function checkFields(place: Place): void {
  const { path, name, resources } = place;
  const resource = resources[name];
  for (const [key, { type, can }] of Object.entries(resource?.fields ?? {})) {
    if (type.relation && 'filter' in type.relation)
      checkFilter(type.relation.filter, type.relation.resource, name, { ...place, path: `${path}.${key}` });
    if (resource && can) checkFieldRules(`${path}.${key}`, key, { ...place, resource });
  }
  for (const [key, { that }] of Object.entries(resource?.check ?? {}))
    if (typeof that !== 'function')
      checkCondition(ruleData(that), { ...place, path: `${path}.check.${key}` });
  resource?.exclude.forEach(({ where }, at) => {
    if (!where) return;
    const there = { ...place, path: `${path}.exclude[${at}].where` };
    for (const condition of conditionsOf(where))
      if (!('field' in condition) || isOperand(condition.value))
        there.wrong(there.path, 'expected conditions on fields, by constants alone');
    checkFilter(where, there.name, undefined, there);
  });
}

/** Checks a condition on a row alone: `where`, in which `its` names other fields of the row. */
function checkCondition(rule: RuleData, place: Place): void {
  if (rule.kind === 'any' || rule.kind === 'all') for (const part of rule.rules) checkCondition(part, place);
  else if (rule.kind === 'not') checkCondition(rule.rule, place);
  else if (rule.kind !== 'where')
    place.wrong(place.path, `a check depends on the row alone: write where(...), not ${rule.kind}`);
  else {
    if (/"operand":"(?:me|now)"/.test(JSON.stringify(rule.filter)))
      place.wrong(place.path, 'a check depends on the row alone: it has no me and no now');
    checkFilter(rule.filter, place.name, place.name, place);
  }
}

/** Checks the rules of accounts that no resource has: whom they are for depends on the caller alone. */
export function checkAccountRules(path: string, accounts: Accounts, wrong: Place['wrong']): void {
  for (const verb of ['list', 'grant'] as const) {
    const rule = ruleData(accounts.can[verb]);
    const place = { path: `${path}.can.${verb}`, name: 'accounts', resources: {}, accounts, wrong };
    if (!isOnCaller(rule))
      wrong(place.path, 'expected a condition on the caller, such as role(...) or signedIn');
    checkRule(rule, { ...place, verb: 'read' });
  }
}

function checkRule(rule: RuleData, place: Place): void {
  const { path, name, resources, wrong } = place;
  const resource = resources[name];
  switch (rule.kind) {
    case 'any':
    case 'all':
      for (const part of rule.rules) checkRule(part, place);
      return;
    case 'not':
      checkRule(rule.rule, place);
      return;
    case 'role': {
      const roles = [...place.accounts.roles, ...OPERATOR_ROLES];
      for (const one of rule.roles)
        if (!roles.includes(one))
          wrong(path, `role('${one}') is no role of accounts({ roles: [...] }); ${known(one, roles)}`);
      return;
    }
    case 'own':
      if (resource && !resource.fields[rule.field]?.type.isOwner)
        wrong(path, ownRemedy(rule.field, resource));
      return;
    case 'where':
      checkFilter(rule.filter, name, undefined, place);
      return;
    case 'exists':
      if (!resources[rule.resource])
        wrong(
          path,
          `exists('${rule.resource}') has no resource; ${known(rule.resource, Object.keys(resources))}`,
        );
      checkFilter(rule.filter, rule.resource, name, place);
      return;
    case 'through': {
      const references = Object.keys(resource?.fields ?? {}).filter((key) => targetOf(resource, key));
      if (!references.includes(rule.field))
        wrong(path, `through('${rule.field}') names no reference() field; ${known(rule.field, references)}`);
      if (rule.verb !== undefined && !VERBS.includes(rule.verb))
        wrong(path, `through('${rule.field}') has no verb '${rule.verb}'; ${known(rule.verb, VERBS)}`);
    }
  }
}

/** Checks the rules of a field: conditions on the caller, and, but for fields of accounts, on the row. */
function checkFieldRules(
  path: string,
  name: string,
  { resource, ...place }: Omit<Place, 'path' | 'verb'> & { resource: Resource },
): void {
  const { wrong } = place;
  const field = resource.fields[name];
  for (const [verb, rule] of Object.entries(field?.can ?? {})) {
    if (!rule) continue;
    const at = `${path}.can.${verb}`;
    const isAccounts = place.name === 'accounts';
    if (isAccounts && !isOnCaller(rule, true))
      wrong(at, 'rules of a field of accounts are conditions on the caller, such as role(...) or nobody');
    checkRule(ruleData(rule), { ...place, path: at, verb: verb === 'read' ? 'read' : 'update' });
  }
  if (field?.can?.create && !field.type.server && !field.nullable && field.default === undefined)
    wrong(`${path}.can.create`, 'whoever may not set it needs a default, or nullable: true');
  const used = [...resource.order, ...resource.atLeastOne].map((key) => key.replace(/^-/, ''));
  if (field?.can?.read && used.includes(name))
    wrong(
      `${path}.can.read`,
      'every caller learns of the fields of order and atLeastOne; leave it out there',
    );
}

/** Refuses rules that lead back to themselves by `through`. */
function checkCycle(
  path: readonly { readonly name: string; readonly verb: Verb }[],
  rule: RuleData,
  place: Place,
): void {
  if (rule.kind === 'any' || rule.kind === 'all')
    for (const part of rule.rules) checkCycle(path, part, place);
  if (rule.kind === 'not') checkCycle(path, rule.rule, place);
  if (rule.kind !== 'through') return;
  const last = path.at(-1);
  const target = targetOf(place.resources[last?.name ?? ''], rule.field);
  if (!target || !last) return;
  const verb = rule.verb ?? last.verb;
  if (path.some((step) => step.name === target && step.verb === verb))
    place.wrong(
      place.path,
      `through('${rule.field}') leads back to the ${verb} rule of ${target}; name another verb, or a rule that ends`,
    );
  checkCycle([...path, { name: target, verb }], ruleData(place.resources[target]?.can[verb]), place);
}

/** @param outer the resource that `its(...)` names a field of; undefined in `where`. */
function checkFilter(filter: RuleFilter, name: string, outer: string | undefined, place: Place): void {
  const { path, resources, wrong } = place;
  for (const condition of conditionsOf(filter)) {
    if (!('field' in condition)) {
      if (!Array.isArray(condition) || !condition.every(isObject))
        wrong(path, 'or: expected an array of filters');
      for (const alternative of condition) checkFilter(alternative, name, outer, place);
      continue;
    }
    const { field, operator, value } = condition;
    const type = typeOf(name, field, place);
    if (!type) {
      const fields = ['id', ...Object.keys(resources[name]?.fields ?? {})];
      wrong(path, `there is no field '${field}' in ${name}; ${known(field, fields)}`);
      return;
    }
    const compared = { ...condition, type, outer };
    if (!type.operators.some((one) => one === operator))
      wrong(path, `${name}.${field} has no operator '${operator}'; ${known(operator, type.operators)}`);
    if (isOperand(value)) checkOperand(value, compared, place);
    else checkConstant(value, compared, place);
  }
}

interface Compared extends RuleCondition {
  readonly type: FieldType;
  readonly outer: string | undefined;
}

function checkConstant(value: unknown, { field, operator, type }: Compared, { path, wrong }: Place): void {
  // It is one of the type's.
  const takes = OPERATORS[operator as Operator];
  const several = takes === 'list' || takes === 'pair';
  if (several && !Array.isArray(value))
    wrong(path, `${operator} compares ${field} with an array, got ${shown(value)}`);
  for (const each of several ? (value as unknown[]) : [value]) {
    if (each === null && (operator === 'eq' || operator === 'ne')) continue;
    const kind = { flag: 'boolean', text: 'string' }[takes as string];
    if (kind === undefined ? !type.accepts(each) : typeof each !== kind)
      wrong(path, `${field} is compared with ${kind ? `a ${kind}` : type.expected}, got ${shown(each)}`);
  }
}

const ORDERING = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'];

function checkOperand(operand: Operand, { field, operator, type, outer }: Compared, place: Place): void {
  const { path, wrong } = place;
  if (!ORDERING.includes(operator)) wrong(path, `${operator} compares ${field} with constants alone`);
  if (operand.operand === 'me' && type.name !== 'account')
    wrong(path, `me is an account, and ${field} holds none; compare it with an author() field`);
  if (operand.operand === 'now' && type.column !== 'timestamp')
    wrong(path, `now is an instant, and ${field} holds none; compare it with a timestamp() field`);
  if (operand.operand !== 'its') return;
  if (outer === undefined) {
    wrong(path, `its('${operand.field}') stands inside exists() alone`);
    return;
  }
  const own = typeOf(outer, operand.field, place);
  const fields = ['id', ...Object.keys(place.resources[outer]?.fields ?? {})];
  if (!own)
    wrong(path, `its('${operand.field}') names no field of ${outer}; ${known(operand.field, fields)}`);
  else if (own.column !== type.column || (own.name !== type.name && own.name.startsWith('id of')))
    wrong(path, `its('${operand.field}') is ${own.expected}, and ${field} is compared with ${type.expected}`);
}

/** The type of the values of a field, which is that of the id it holds where it refers to a row. */
function typeOf(name: string, field: string, { resources, accounts }: Place): FieldType | undefined {
  const resource = resources[name];
  if (!resource) return undefined;
  if (field === 'id') return { ...resource.id.type, name: name === 'accounts' ? 'account' : `id of ${name}` };
  const type = resource.fields[field]?.type;
  if (type?.relation) return undefined;
  const target = targetOf(resource, field);
  if (type?.isAccount || target === 'accounts') return { ...accounts.id.type, name: 'account' };
  const id = target === undefined ? undefined : resources[target]?.id.type;
  return id ? { ...id, name: `id of ${target}` } : type;
}

function targetOf(resource: Resource | undefined, field: string): string | undefined {
  return resource && Object.hasOwn(resource.fields, field)
    ? resource.fields[field]?.type.reference?.target
    : undefined;
}

function known(name: string, names: readonly string[]): string {
  return `there are ${names.join(', ') || 'none'}${didYouMean(name, names)}`;
}

/** An author that is there is what was meant: a misspelt name is not to be declared. */
function ownRemedy(owner: string, resource: Resource): string {
  const authors = Object.keys(resource.fields).filter((name) => resource.fields[name]?.type.isOwner);
  if (authors.length === 0) return `own('${owner}') needs a field ${owner}: author()`;
  return `own('${owner}') names no author() field; write own('${authors.join("') or own('")}')`;
}
