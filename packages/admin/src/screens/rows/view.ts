import type { RowsQuery } from '../../api/api.ts';
import {
  type Declaration,
  type DeclaredField,
  type DeclaredResource,
  resourceOf,
} from '../../api/declaration.ts';
import { kept } from '../../api/store.ts';

/** One condition of a filter: a field, by way of references (`author.name`), an operator and its operand. */
export type Condition = readonly [path: string, operator: string, operand: unknown];

/** A view of a list, as the address has it: whoever follows the link sees the same. */
export interface View {
  /** All of these hold. */
  filter?: readonly Condition[];
  /** One of these holds. */
  any?: readonly Condition[];
  sort?: string;
  search?: string;
  columns?: string;
  /** The row that is open in the drawer; `new` for one that is being made. */
  open?: string;
}

/** Reads the parameters of an address; what is no view is left out. */
export function viewOf(search: Readonly<Record<string, unknown>>): View {
  const { filter, any, sort, search: text, columns, open } = search;
  return {
    ...(isConditions(filter) && filter.length > 0 && { filter }),
    ...(isConditions(any) && any.length > 0 && { any }),
    ...(typeof sort === 'string' && { sort }),
    // The router reads `7` as a number.
    ...(isScalar(text) && { search: String(text) }),
    ...(typeof columns === 'string' && { columns }),
    ...(isScalar(open) && { open: String(open) }),
  };
}

function isScalar(value: unknown): value is string | number {
  return (typeof value === 'string' && value !== '') || typeof value === 'number';
}

function isConditions(value: unknown): value is readonly Condition[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one) =>
        Array.isArray(one) && one.length === 3 && typeof one[0] === 'string' && typeof one[1] === 'string',
    )
  );
}

/** A condition as a tree of the filter grammar: `{author: {name: {eq: 'Ada'}}}`. */
function treeOf([path, operator, operand]: Condition): object {
  return path.split('.').reduceRight<object>((inner, name) => ({ [name]: inner }), { [operator]: operand });
}

function merge(into: Record<string, unknown>, tree: object): Record<string, unknown> {
  for (const [name, value] of Object.entries(tree)) {
    const there = into[name];
    const isTree = (one: unknown): one is object =>
      typeof one === 'object' && one !== null && !Array.isArray(one);
    into[name] = isTree(there) && isTree(value) ? merge({ ...there }, value) : value;
  }
  return into;
}

/** The filter of a view, as lists take it; undefined for all rows. */
export function filterOf({ filter = [], any = [] }: Pick<View, 'filter' | 'any'>): object | undefined {
  const tree = filter.map(treeOf).reduce<Record<string, unknown>>(merge, {});
  if (any.length > 0) tree.or = any.map(treeOf);
  return Object.keys(tree).length > 0 ? tree : undefined;
}

/** The query of a view. */
export function queryOf(view: View, columns: readonly DeclaredField[]): RowsQuery {
  const filter = filterOf(view);
  const related = columns.filter(isExpandable);
  return {
    ...(filter && { filter }),
    ...(view.search && { search: view.search }),
    ...(view.sort && { sort: view.sort.split(',') }),
    ...(related.length > 0 && { expand: Object.fromEntries(related.map(({ name }) => [name, true])) }),
  };
}

/** Whether the row that a field refers to is read with it. Rows of `references()` may be more than one request reads. */
function isExpandable({ resource, editor }: DeclaredField): boolean {
  return resource !== null && (editor === 'reference' || editor === 'account');
}

/** Fields that a list can show. */
export function columnFields(resource: DeclaredResource): DeclaredField[] {
  return resource.fields.filter(({ editor }) => editor !== 'many');
}

const MAX_FIRST_COLUMNS = 8;

/** The columns of a view: those of its address, of the last visit, or the first declared ones. */
export function columnsOf(app: string, resource: DeclaredResource, view: View): string[] {
  const all = columnFields(resource).map(({ name }) => name);
  const chosen = view.columns?.split(',') ?? kept.read<string[]>(columnsKey(app, resource.name));
  const known = chosen?.filter((name) => name === 'id' || all.includes(name));
  return known && known.length > 0 ? known : all.slice(0, MAX_FIRST_COLUMNS);
}

export function columnsKey(app: string, resource: string): string {
  return `columns/${app}/${resource}`;
}

export function widthsKey(app: string, resource: string): string {
  return `widths/${app}/${resource}`;
}

/** The id as a field like others. */
export function idField(resource: DeclaredResource): DeclaredField {
  const isInteger = resource.id.schema.type === 'integer';
  return {
    name: 'id',
    type: resource.id.type,
    editor: isInteger ? 'number' : 'text',
    schema: resource.id.schema,
    nullable: false,
    required: false,
    unique: true,
    default: null,
    computed: false,
    server: true,
    may: { create: false, update: false },
    sortable: true,
    resource: null,
    operators: ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin'],
  };
}

/** A field that a filter may name, by its path. */
export interface FilterField {
  path: string;
  field: DeclaredField;
}

/** Fields of a resource, and of those that it refers to, that take a filter. */
export function filterFields(declaration: Declaration, resource: DeclaredResource): FilterField[] {
  const own = [idField(resource), ...resource.fields].filter(({ operators }) => operators.length > 0);
  return own.flatMap((field) => {
    const isOne = field.editor === 'reference' || field.editor === 'account';
    const target = isOne ? resourceOf(declaration, field.resource ?? '') : undefined;
    const inner = target?.fields.filter(({ operators }) => operators.length > 0) ?? [];
    return [
      { path: field.name, field },
      ...inner.map((far) => ({ path: `${field.name}.${far.name}`, field: far })),
    ];
  });
}

/** The next order of a column: ascending, descending, none. `isAdded` keeps the columns that are sorted by already. */
export function nextSort(sort: string | undefined, name: string, isAdded: boolean): string | undefined {
  const keys = sort?.split(',') ?? [];
  const others = isAdded ? keys.filter((key) => key !== name && key !== `-${name}`) : [];
  const next = keys.includes(name) ? [`-${name}`] : keys.includes(`-${name}`) ? [] : [name];
  return [...others, ...next].join() || undefined;
}
