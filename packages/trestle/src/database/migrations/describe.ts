import type { Exclusion } from '../../schema/resource.ts';
import type { Column, Index } from '../table.ts';
import { type Change, referenceShape } from './change.ts';
import { conversionOf, losesMembers } from './values.ts';

/** `additive` changes lose nothing and are made at start; `destructive` ones only when they are asked for by name. */
export type Risk = 'additive' | 'destructive';

export function riskOf(change: Change): Risk {
  if (change.kind === 'dropTable' || change.kind === 'dropColumn') return 'destructive';
  if (change.kind === 'changeValues')
    return losesMembers(change.from.schema, change.to.schema) ? 'destructive' : 'additive';
  if (change.kind !== 'changeColumn') return 'additive';
  const { from, to } = change;
  const narrowed = conversionOf(from, to)?.isLossless !== true && from.key === to.key;
  const nullsReplaced = from.nullable && !to.nullable && to.default !== undefined;
  return narrowed || nullsReplaced ? 'destructive' : 'additive';
}

/** A change in one line: `+` adds, `~` changes and keeps everything, `!` loses something. */
export function line(change: Change): string {
  const sign = riskOf(change) === 'destructive' ? '!' : ADDS.has(change.kind) ? '+' : '~';
  return `${sign} ${words(change)}`;
}

const ADDS: ReadonlySet<Change['kind']> = new Set([
  'createTable',
  'addColumn',
  'createIndex',
  'addExclusion',
]);

function words(change: Change): string {
  const { table } = change;
  switch (change.kind) {
    case 'renameTable':
      return `rename table ${change.was} to ${table}`;
    case 'renameColumn':
      return `rename ${table}.${change.was} to ${change.column}`;
    case 'createTable':
      return `create table ${table} (${change.to.columns.map((column) => column.name).join(', ')})`;
    case 'dropTable':
      return `drop table ${table}: its rows are lost`;
    case 'addColumn': {
      const { name, kind, nullable, default: given, older } = change.to;
      const filled = older ? 'older rows get the moment of the migration' : undefined;
      const value = given === undefined ? filled : `default ${JSON.stringify(given)}`;
      const words = [kind, nullable ? 'nullable' : 'not null', value, targetWords(change.to)];
      return `add ${table}.${name} (${words.filter(Boolean).join(', ')})`;
    }
    case 'dropColumn':
      return `drop ${table}.${change.from.name} (${change.from.kind}): its values are lost`;
    case 'changeColumn':
      return `change ${table}.${change.to.name}: ${differences(change.from, change.to).join('; ')}`;
    case 'changeValues':
      return `change ${table}.${change.to.name}: ${schemaWords(change.from.schema, change.to.schema)}`;
    case 'createIndex':
      return `create ${indexWords(table, change.to)}`;
    case 'addExclusion':
      return `exclude ${exclusionWords(table, change.to)}`;
    case 'dropExclusion':
      return `allow ${exclusionWords(table, change.from)}`;
    case 'renameIndex':
      return `rename ${indexWords(table, change.to)}`;
    case 'dropIndex':
      return `drop ${indexWords(table, change.from)}`;
  }
}

function targetWords({ references }: Column): string | undefined {
  return references && `refers to ${references.table}, on delete ${references.onDelete}`;
}

function exclusionWords(table: string, { same, from, to }: Exclusion): string {
  return `rows of ${table} with the same ${same.join(', ')} that overlap from ${from} to ${to}`;
}

function indexWords(table: string, index: Index): string {
  return `${index.unique ? 'unique index' : 'index'} on ${table} (${index.columns.join(', ')})`;
}

/** How the values of a column change: `maxLength 200 becomes 100`. */
export function schemaWords(from: unknown, to: unknown): string {
  if (from === undefined) return 'values in the form in which they are kept now';
  const [before, after] = [new Map(Object.entries(Object(from))), new Map(Object.entries(Object(to)))];
  const shown = (value: unknown) => {
    const words = value === undefined ? 'none' : JSON.stringify(value);
    return words.length > MAX_WORDS ? `${words.slice(0, MAX_WORDS)}...` : words;
  };
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => JSON.stringify(before.get(key)) !== JSON.stringify(after.get(key)))
    .map((key) => `${key} ${shown(before.get(key))} becomes ${shown(after.get(key))}`)
    .join(', ');
}

const MAX_WORDS = 100;

function differences(from: Column, to: Column): string[] {
  const found: string[] = [];
  if (from.key !== to.key) found.push(`a ${from.kind} id becomes a ${to.kind} id`);
  else if (from.kind !== to.kind) found.push(`${from.kind} becomes ${to.kind}`);
  if (from.nullable && !to.nullable)
    found.push(
      to.default === undefined ? 'not null' : `not null; null becomes ${JSON.stringify(to.default)}`,
    );
  if (!from.nullable && to.nullable) found.push('nullable');
  if (from.default !== to.default)
    found.push(to.default === undefined ? 'no default' : `default ${JSON.stringify(to.default)}`);
  if (String(referenceShape(from)) !== String(referenceShape(to)))
    found.push(targetWords(to) ?? 'refers to nothing');
  return found;
}
