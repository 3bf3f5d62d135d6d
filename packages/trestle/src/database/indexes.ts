import type { Field } from '../schema/field.ts';
import type { Resource } from '../schema/resource.ts';
import { type Index, index } from './table.ts';

/**
 * The indexes of a resource: for unique fields and groups, references and authors, fields with `index: true`, declared
 * groups, and the declared order. Each that serves lists ends in the order's columns and the id, so that a page is read
 * by walking the index from the cursor on, without a sort: also the children of one parent, newest first.
 */
export function indexesOf(table: string, resource: Resource): Index[] {
  const order = resource.order.map((key) => key.replace(/^-/, ''));
  const fields = Object.entries(resource.fields);
  const unique = [...fields.filter(([, field]) => field.unique).map(([name]) => [name]), ...resource.unique];
  const isParent = ({ type }: Field) => type.reference !== undefined || type.isOwner === true;
  const owners = fields.filter(([, field]) => isParent(field));
  const others = fields.filter(([, field]) => field.index && !isParent(field));
  const lists = [
    ...(order.length > 0 ? [order] : []),
    ...owners.map(([name]) => [name, ...order]),
    ...others.map(([name]) => [name]),
    ...resource.indexes,
  ].map((columns) => upToId(columns));
  const descending = descendingOf(resource.order);
  // Without those that another one starts with, and without the primary key's own.
  const starts = (longer: readonly string[], prefix: readonly string[]) =>
    prefix.every((column, at) => longer[at] === column);
  return [
    ...unique.map((columns) => index(table, columns, true)),
    ...lists
      .filter(
        (list, at) =>
          list[0] !== 'id' &&
          !lists.some(
            (other, place) =>
              place !== at && starts(other, list) && (other.length > list.length || place < at),
          ),
      )
      .map((columns) => directed(index(table, columns), order, descending)),
  ];
}

/** The columns once each, up to the id: after it nothing is left to sort. */
function upToId(columns: readonly string[]): string[] {
  const once = [...new Set([...columns, 'id'])];
  return once.slice(0, once.indexOf('id') + 1);
}

/** The descending columns of an order that goes both ways; one that goes one way is read forwards or backwards. */
function descendingOf(order: readonly string[]): string[] {
  const down = order.map((key) => key.startsWith('-'));
  if (down.every((way) => way === down[0])) return [];
  const columns = order.filter((key) => key.startsWith('-')).map((key) => key.slice(1));
  return down.at(-1) ? [...columns, 'id'] : columns;
}

/** An index that ends in the declared order, in the directions of that order. */
function directed(one: Index, order: readonly string[], descending: readonly string[]): Index {
  const ends = order.every((column) => one.columns.includes(column));
  return ends && descending.length > 0 ? { ...one, descending } : one;
}
