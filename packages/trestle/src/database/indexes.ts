import { type Field, hasColumn } from '../schema/field.ts';
import type { Fields, Resource } from '../schema/resource.ts';
import type { Resources } from '../schema/row-types.ts';
import {
  askedOfRow,
  conditionsOf,
  isOnCaller,
  isOperand,
  type RuleData,
  type RuleFilter,
  ruleData,
} from '../schema/rules.ts';
import { DELETED_AT, type Index, index } from './table.ts';

/**
 * The indexes of a resource: for unique fields and groups, references and authors, fields with `index: true`, declared
 * groups, the declared order, and what rules and computed fields look up (`looked`). Each that serves lists ends in the order's columns and the id, so that a page is read
 * by reading the index from the cursor on, without a sort: also the children of one parent, newest first.
 */
export function indexesOf(
  table: string,
  resource: Resource,
  looked: readonly (readonly string[])[] = [],
): Index[] {
  const order = resource.order.map((key) => key.replace(/^-/, ''));
  const fields = Object.entries(resource.fields);
  const unique = [...fields.filter(([, field]) => field.unique).map(([name]) => [name]), ...resource.unique];
  const isParent = ({ type }: Field) => type.reference !== undefined || type.isOwner === true;
  const owners = fields.filter(([, field]) => isParent(field));
  const others = fields.filter(([, field]) => field.index && !isParent(field));
  const lists = [
    ...(order.length > 0 ? [order] : []),
    ...owners.map(([name, field]) => (field.index ? [name, ...order] : [name])),
    // Where callers read their own rows alone: those of one parent. Both shorter indexes hold more of them.
    ...ownersIn(ruleData(resource.can.read)).flatMap((owner) =>
      owners.flatMap(([name]) => (name === owner ? [] : [[name, owner, ...order]])),
    ),
    ...others.map(([name]) => [name]),
    ...resource.indexes,
    // Most spans are yet to come: few end after the one that is asked for begins.
    ...resource.exclude.map(({ same, from, to }) => [...same, to, from]),
    ...looked,
  ].map(upToId);
  // A read down the order finds in the index which rows a caller may read, and looks at no others.
  const rule = ruleData(resource.can.read);
  if (order.length > 0 && readsOthers(rule)) {
    const asked = askedOfRow(rule).filter((name) => isShort(resource.fields[name]));
    lists.push([...new Set([...upToId(order), ...asked, ...(resource.softDelete ? [DELETED_AT] : [])])]);
  }
  // The descending columns of an order that goes both ways; one that goes one way is read forwards or backwards.
  const down = resource.order.map((key) => key.startsWith('-'));
  const isMixed = down.some((isDown) => isDown !== down[0]);
  const downColumns = order.filter((_, at) => down[at]);
  const descending = !isMixed ? [] : down.at(-1) ? [...downColumns, 'id'] : downColumns;
  // Without those that another one starts with, and without the primary key's own.
  const starts = (longer: readonly string[], prefix: readonly string[]) =>
    prefix.every((column, at) => longer[at] === column);
  return [
    ...unique.map((columns) => ({
      ...index(table, columns, true),
      ...(resource.softDelete && ({ live: true } as const)),
    })),
    ...lists
      .filter(
        (list, at) =>
          list[0] !== 'id' &&
          !lists.some(
            (other, place) =>
              place !== at && starts(other, list) && (other.length > list.length || place < at),
          ),
      )
      .map((columns) => ({
        ...index(table, columns),
        ...(descending.length > 0 && order.every((column) => columns.includes(column)) && { descending }),
      })),
  ];
}

/** The columns of a list's index, once each, up to the id: after it nothing is left to sort. */
function upToId(columns: readonly string[]): string[] {
  const once = [...new Set([...columns, 'id'])];
  return once.slice(0, once.indexOf('id') + 1);
}

/** Whether a rule asks for rows of other resources. */
function readsOthers(rule: RuleData): boolean {
  if (rule.kind === 'any' || rule.kind === 'all') return rule.rules.some(readsOthers);
  return rule.kind === 'not' ? readsOthers(rule.rule) : rule.kind === 'exists' || rule.kind === 'through';
}

/** The fields that hold the caller that a rule leaves to some callers. */
function ownersIn(rule: RuleData): string[] {
  if (rule.kind === 'own') return [rule.field];
  if (rule.kind === 'where')
    return conditionsOf(rule.filter).flatMap((one) => {
      const isMe = 'field' in one && isOperand(one.value) && one.value.operand === 'me';
      return isMe && one.operator === 'eq' ? [one.field] : [];
    });
  if (rule.kind === 'all') return rule.rules.flatMap(ownersIn);
  // Of alternatives, where the others depend on who asks alone: some callers have none of these.
  const others = rule.kind === 'any' ? rule.rules.filter((one) => !isOnCaller(one)) : [];
  return others.length === 1 ? others.flatMap(ownersIn) : [];
}

/** Longer texts are in no index that nobody has declared. */
const MAX_LOOKED_LENGTH = 255;

/**
 * The columns by which `exists` in rules and computed fields look up rows, by resource: the caller's account first, then what `its` names, then
 * constants. So the same index answers for one row, and for all rows of a caller.
 */
export function lookedUp(resources: Resources): Map<string, string[][]> {
  const looked = new Map<string, string[][]>();
  for (const { can, lifecycle, fields } of Object.values(resources)) {
    const transitions = Object.values(fields).flatMap(({ type }) => Object.values(type.transitions ?? {}));
    const operations = [...Object.values(lifecycle?.operations ?? {}), ...transitions];
    const rules = [...Object.values(can), ...operations.map((one) => one.can)];
    const computed = Object.values(fields).flatMap(({ type: { relation } }) =>
      relation && 'filter' in relation ? [relation] : [],
    );
    for (const { resource, filter } of [...computed, ...rules.flatMap((rule) => existsIn(ruleData(rule)))]) {
      const columns = lookedUpBy(filter, resources[resource]?.fields ?? {});
      if (columns.length > 0) looked.set(resource, [...(looked.get(resource) ?? []), columns]);
    }
  }
  return looked;
}

function lookedUpBy(filter: RuleFilter, fields: Fields): string[] {
  const ranks = new Map<string, number>();
  for (const condition of conditionsOf(filter)) {
    if (!('field' in condition) || !['eq', 'in'].includes(condition.operator)) continue;
    const { field, value } = condition;
    if ((fields[field]?.type.maxLength ?? 0) <= MAX_LOOKED_LENGTH)
      ranks.set(field, isOperand(value) ? Number(value.operand === 'its') : 2);
  }
  return [...ranks].sort(([, a], [, b]) => a - b).map(([field]) => field);
}

/** Whether a field has a column, and no texts or documents in it. */
function isShort(field: Field | undefined): boolean {
  return field !== undefined && hasColumn(field) && field.type.column !== 'json' && !field.type.maxLength;
}

function existsIn(rule: RuleData): (RuleData & { readonly kind: 'exists' })[] {
  if (rule.kind === 'any' || rule.kind === 'all') return rule.rules.flatMap(existsIn);
  if (rule.kind === 'not') return existsIn(rule.rule);
  return rule.kind === 'exists' ? [rule] : [];
}
