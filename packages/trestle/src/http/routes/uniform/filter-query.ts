import { Problem } from '../../../problems.ts';
import { filterable } from '../../../rows/lists/filter-sql.ts';
import type { Model, ModelField } from '../../../rows/model.ts';
import { type Filter, OPERATORS } from '../../../schema/services/list-query.ts';
import { invalidParameter } from '../../requests/route-input.ts';

/** Maximum characters of all filter parameters together. */
const MAX_LENGTH = 2000;
const KEY = /^filter((?:\[[^[\]]*\])+)$/;
const SYNTAX =
  'write filter[field]=value, filter[field][operator]=value or filter[or][0][field][operator]=value';

/** One group of conditions while it is read; becomes a `Filter`. */
interface Group {
  fields: Map<string, Record<string, unknown>>;
  or: Map<number, Group>;
}

/** Whether a parameter belongs to the filter. */
export function isFilterKey(name: string): boolean {
  return name === 'filter' || name.startsWith('filter[');
}

/**
 * The filter of a query: `filter[field][op]=value`, `eq` where no operator is named, lists with commas (`\,` is a comma
 * inside a value), alternatives as `filter[or][0][field][op]`. Texts become what the field holds; whether field and
 * operator exist and fit is the services' to say. Throws `invalid_query`.
 */
export function filterOf(query: Readonly<Record<string, unknown>>, model: Model): Filter | undefined {
  const root: Group = { fields: new Map(), or: new Map() };
  let length = 0;
  for (const [name, value] of Object.entries(query)) {
    if (!isFilterKey(name)) continue;
    if (typeof value !== 'string') throw invalidParameter(name, 'repeated', 'give this condition once');
    length += name.length + value.length;
    if (length > MAX_LENGTH) throw tooLong();
    place(root, name, value, model);
  }
  return length > 0 ? finished(root) : undefined;
}

function place(root: Group, name: string, value: string, model: Model): void {
  const path = KEY.exec(name)?.[1]?.slice(1, -1).split('][');
  if (!path) throw invalidParameter(name, 'syntax', SYNTAX);
  let group = root;
  while (path[0] === 'or' && path.length > 2) {
    path.shift();
    group = alternative(group, name, path.shift() ?? '');
  }
  const [field = '', operator = 'eq', ...rest] = path;
  if (rest.length > 0 || field === '' || field === 'or') throw invalidParameter(name, 'syntax', SYNTAX);
  const conditions = group.fields.get(field) ?? Object.create(null);
  if (operator in conditions) throw invalidParameter(name, 'repeated', 'give this condition once');
  conditions[operator] = comparand(value, operator, filterable(model, field));
  group.fields.set(field, conditions);
}

function alternative(group: Group, name: string, index: string): Group {
  if (!/^\d{1,2}$/.test(index)) throw invalidParameter(name, 'syntax', SYNTAX);
  const known = group.or.get(Number(index)) ?? { fields: new Map(), or: new Map() };
  group.or.set(Number(index), known);
  return known;
}

function finished(group: Group): Filter {
  const or = [...group.or].sort(([a], [b]) => a - b).map(([, each]) => finished(each));
  const fields: Filter = Object.fromEntries(group.fields);
  return or.length > 0 ? Object.assign(fields, { or }) : fields;
}

/** What an operator compares with, of the field's kind. What fits neither stays a text, for the services to name. */
function comparand(text: string, operator: string, field: ModelField | undefined): unknown {
  const takes = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator as keyof typeof OPERATORS] : 'value';
  if (takes === 'text') return text;
  if (takes === 'flag') return flag(text);
  if (takes === 'value') return typed(text, field);
  return splitList(text).map((item) => typed(item, field));
}

function flag(text: string): unknown {
  if (text === 'true') return true;
  return text === 'false' ? false : text;
}

/** Commas part a list; a backslash takes the next character as it is. */
function splitList(text: string): string[] {
  const items = [''];
  for (const [piece] of text.matchAll(/\\[\s\S]|,|[^\\,]+|\\$/g)) {
    if (piece === ',') items.push('');
    else
      items.push((items.pop() ?? '') + (piece.length > 1 && piece.startsWith('\\') ? piece.slice(1) : piece));
  }
  return items;
}

/** `null` is null where it is not itself a value of the field. */
function typed(text: string, field: ModelField | undefined): unknown {
  if (!field) return text;
  if (text === 'null' && field.field.nullable && !field.type.accepts(text)) return null;
  return field.type.fromText(text, () => text);
}

function tooLong(): Problem {
  return new Problem('invalid_query', { detail: `A filter may have ${MAX_LENGTH} characters at most.` });
}
