import { Compile } from 'typebox/schema';
import { type Accounts, withAccounts } from '../accounts.ts';
import type { Field } from '../field.ts';
import type { Resource } from '../resource.ts';
import type { Resources } from '../row-types.ts';
import { checkAccounts } from './check-accounts.ts';
import { checkLifecycle } from './check-lifecycle.ts';
import { checkExclusions, checkRelations } from './check-relations.ts';
import { checkAccountRules, checkRules } from './check-rules.ts';
import { didYouMean, nearest } from './nearest.ts';
import { isObject, type Mistake, mistakesOf, shown } from './options.ts';

const APP_NAME = /^[a-z][a-z0-9-]{0,40}$/;
export const NAME = /^[a-z][A-Za-z0-9_]{0,50}$/;
/** Columns that PostgreSQL has in each table (its manual, section 5.6). */
const SYSTEM_COLUMNS = ['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'];
/** Names that would hide members of the row or of the uniform API, and those that PostgreSQL refuses. */
const RESERVED_FIELDS = new Set(['id', 'or', 'expand', 'prototype', ...SYSTEM_COLUMNS]);
/** Paths of the server itself, beside which apps stand. */
const RESERVED_APPS = new Set(['livez', 'readyz', 'metrics', 'problems']);
const RESERVED_RESOURCES = new Set([
  'accounts',
  'sessions',
  'me',
  'keys',
  'operations',
  'tickets',
  'batch',
  'admin',
]);

/** Checks what types cannot tell. Throws a `TypeError` with the path and the remedy. */
export function checkApp(
  name: string,
  resources: Resources,
  accounts: Accounts,
  mistakes: readonly Mistake[],
): void {
  if (!APP_NAME.test(name))
    wrong(JSON.stringify(name), 'an app is named by lower-case letters, digits and dashes, a letter first');
  if (RESERVED_APPS.has(name)) wrong(name, `/${name} is the server's own; choose another name`);
  throwFirst(name, mistakes);
  throwFirst(`${name}.accounts`, mistakesOf(accounts));
  if (Object.keys(resources).length === 0) wrong(name, 'declare at least one resource');
  checkNames(name, resources);
  const all = withAccounts(resources, accounts);
  for (const [key, resource] of Object.entries(resources)) {
    if (RESERVED_RESOURCES.has(key))
      wrong(`${name}.${key}`, `/v1/${key} is the engine's own; choose another name`);
    checkResource(name, key, resource, all);
  }
  checkAccounts(`${name}.accounts`, accounts, wrong);
  if (Object.keys(accounts.fields).length > 0)
    checkResource(name, 'accounts', { ...accounts.resource, fields: accounts.fields }, all);
  checkAccountRules(`${name}.accounts`, accounts, wrong);
  checkRules(name, all, accounts, wrong);
}

function checkResource(app: string, name: string, resource: Resource, resources: Resources): void {
  const path = `${app}.${name}`;
  if (!NAME.test(name))
    wrong(path, 'name resources with letters, digits and underscores, a lower-case letter first');
  if (name.toLowerCase().startsWith('sqlite_'))
    wrong(path, 'SQLite keeps names with sqlite_ for itself; choose another');
  if (!isObject(resource) || !isObject(resource.fields) || !Array.isArray(resource.order))
    wrong(path, `expected resource({ fields: ... }), got ${shown(resource)}`);
  throwFirst(path, mistakesOf(resource));
  if (Object.keys(resource.fields).length === 0) wrong(path, 'declare at least one field');
  checkNames(path, resource.fields);
  for (const [key, field] of Object.entries(resource.fields))
    checkField(`${path}.${key}`, key, field, resources);
  const fields = Object.keys(resource.fields);
  const known = (list: readonly string[], where: string) => {
    for (const key of list)
      if (key !== 'id' && !Object.hasOwn(resource.fields, key))
        wrong(
          `${path}.${where}`,
          `there is no field '${key}'; the fields are ${fields.join(', ')}${didYouMean(key, fields)}`,
        );
  };
  known(
    resource.order.map((key) => key.replace(/^-/, '')),
    'order',
  );
  known(resource.atLeastOne, 'atLeastOne');
  known(Object.values(resource.feed ?? {}), 'feed');
  known(Object.keys(resource.search ?? {}), 'search');
  checkSearch(path, resource);
  for (const group of resource.unique) known(group, 'unique');
  for (const group of resource.indexes) known(group, 'indexes');
  checkRelations(path, name, resource, resources);
  checkExclusions(path, resource);
  checkIndexes(path, resource);
  for (const [key, { type }] of Object.entries(resource.fields)) {
    const source = type.derived?.from;
    if (source === undefined) continue;
    known([source], key);
    if (source === key || !resource.fields[source]?.type.operators.includes('starts'))
      wrong(`${path}.${key}`, `${type.name}('${source}') needs a text field ${source}`);
  }
  checkLifecycle(path, resource, resources, wrong);
}

/** Fields of a full-text index: what PostgreSQL has classes of words and marks of fields for. */
const MAX_SEARCH_FIELDS = 16;
const MAX_SEARCH_WEIGHTS = 4;

function checkSearch(path: string, { fields, search }: Resource): void {
  if (!search) return;
  const [names, weights] = [Object.keys(search), new Set(Object.values(search))];
  const at = `${path}.search`;
  if (names.length === 0 || names.length > MAX_SEARCH_FIELDS)
    wrong(at, `name 1 to ${MAX_SEARCH_FIELDS} fields`);
  if (weights.size > MAX_SEARCH_WEIGHTS) wrong(at, `give at most ${MAX_SEARCH_WEIGHTS} different weights`);
  for (const [name, field] of Object.entries(fields)) {
    if (field.search)
      wrong(`${path}.${name}`, `search: true is for resources without search; leave it out here`);
    const { operators, column, isAccount, reference, relation } = field.type;
    const isText = operators.includes('icontains') && column === 'text';
    if (Object.hasOwn(search, name) && (!isText || isAccount || reference || relation))
      wrong(at, `${name} is no text; search is for fields such as text()`);
  }
}

/** PostgreSQL takes 2,704 bytes in an index, of which 16 are its own. */
const MAX_INDEX_BYTES = 2_688;

/** Refuses indexes that PostgreSQL could not hold every allowed value in, and values that are not compared. */
function checkIndexes(path: string, { fields, order, unique, indexes }: Resource): void {
  const sorted = order.map((key) => key.replace(/^-/, ''));
  const of = (is: (field: Field) => boolean) =>
    Object.keys(fields).filter((name) => fields[name] && is(fields[name]));
  const groups = [
    [sorted, 'order'],
    ...of(({ unique: alone }) => alone).map((name) => [[name], name] as const),
    ...of(({ index }) => index).map((name) => {
      const type = fields[name]?.type;
      // The index of a parent's children ends in the order.
      const isParent = type?.reference !== undefined || type?.isOwner === true;
      return [[name, ...(isParent ? sorted : [])], name] as const;
    }),
    ...unique.map((group) => [group, 'unique'] as const),
    ...indexes.map((group) => [group, 'indexes'] as const),
  ] as const;
  for (const [group, where] of groups) {
    const types = [...new Set(group)].flatMap((name) =>
      fields[name] ? [{ name, type: fields[name].type }] : [],
    );
    for (const { name, type } of types)
      if (type.operators.length === 0)
        wrong(
          `${path}.${where}`,
          `${type.name}() values are not compared: ${name} can be in no index and in no order`,
        );
    // Four bytes a character, and eight around them; other values take at most 16, and so does the id at the end.
    const bytes = types.reduce(
      (sum, { type }) => sum + (type.maxLength === undefined ? 16 : 4 * type.maxLength + 8),
      16,
    );
    if (bytes <= MAX_INDEX_BYTES) continue;
    const texts = types.filter(({ type }) => type.maxLength !== undefined);
    const most = Math.floor(
      (MAX_INDEX_BYTES - 16 * (1 + types.length - texts.length) - 8 * texts.length) / 4,
    );
    wrong(
      `${path}.${where}`,
      `an index holds at most ${most} characters of ${texts.map(({ name, type }) => `${name} (max: ${type.maxLength})`).join(' and ')}` +
        `${texts.length > 1 ? ' together' : ''}: lower max, or leave out the index`,
    );
  }
}

export function throwFirst(path: string, [first]: readonly Mistake[]): void {
  if (first) wrong(path + first.path, first.message);
}

/** A new name must not be an old one too, and SQLite takes names that differ in case alone for one. */
function checkNames(
  path: string,
  named: { readonly [name: string]: { readonly was: string | undefined } },
): void {
  const folded = new Map<string, string>();
  for (const [name, { was }] of Object.entries(named)) {
    const other = folded.get(name.toLowerCase());
    if (other !== undefined)
      wrong(`${path}.${name}`, `this and ${other} differ in case alone; choose another name`);
    folded.set(name.toLowerCase(), name);
    if (was === undefined) continue;
    if (!NAME.test(was))
      wrong(`${path}.${name}`, `was: ${JSON.stringify(was)} is no name that could have been declared`);
    if (Object.hasOwn(named, was))
      wrong(`${path}.${name}`, `was: '${was}' is still declared; leave one of them out`);
  }
}

export function checkField(path: string, name: string, field: Field, resources: Resources): void {
  throwFirst(path, mistakesOf(field));
  if (!NAME.test(name))
    wrong(path, 'name fields with letters, digits and underscores, a lower-case letter first');
  if (RESERVED_FIELDS.has(name) || name in Object.prototype)
    wrong(path, `'${name}' is taken by the engine; choose another name`);
  const { reference, schema } = field.type;
  const target = reference?.target;
  if (target !== undefined && !Object.hasOwn(resources, target)) {
    const near = nearest(target, Object.keys(resources));
    const remedy = near === undefined ? `declare ${target} in app({ resources })` : `did you mean '${near}'?`;
    wrong(path, `reference('${target}') has no resource; ${remedy}`);
  }
  if (reference?.onDelete === 'setNull' && !field.nullable)
    wrong(path, `onDelete: 'setNull' needs nullable: true`);
  if (
    field.default === null
      ? !field.nullable
      : field.default !== undefined && !Compile(schema).Check(field.default)
  )
    wrong(path, `the default ${JSON.stringify(field.default)} is no value of this field`);
}

export function wrong(path: string, remedy: string): never {
  throw new TypeError(`${path}: ${remedy}`);
}
