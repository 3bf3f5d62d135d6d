import type { RowsQuery } from '../../api/api.ts';
import {
  type Declaration,
  type DeclaredField,
  type DeclaredResource,
  resourceOf,
} from '../../api/declaration.ts';
import { kept } from '../../api/store.ts';
import { type FilterNode, filterTree, isFilter } from './filter-tree.ts';

/** A view of a list, as the address has it: whoever follows the link sees the same. */
export interface View {
  /** All of these hold. */
  filter?: readonly FilterNode[] | undefined;
  sort?: string | undefined;
  search?: string | undefined;
  columns?: string | undefined;
  /** The rows that were deleted and can be restored, in place of the others. */
  deleted?: true | undefined;
  /** The row that is open in the drawer; `new` for one that is being made. */
  open?: string | undefined;
}

/** Reads the parameters of an address; what is no view is left out. */
export function viewOf(search: Readonly<Record<string, unknown>>): View {
  const { filter, sort, search: text, columns, deleted, open } = search;
  return {
    ...(isFilter(filter) && filter.length > 0 && { filter }),
    ...(deleted === true && { deleted }),
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

/** The query of a view. */
export function queryOf(view: View, columns: readonly DeclaredField[]): RowsQuery {
  const filter = filterTree(view.filter ?? []);
  const related = columns.filter(isExpandable);
  return {
    ...(filter && { filter }),
    ...(view.search && { search: view.search }),
    ...(view.deleted && { deleted: true }),
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
    onDelete: null,
    operators: ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin'],
  };
}

/** A field that a filter may name, by its path. */
export interface FilterField {
  path: string;
  field: DeclaredField;
}

/** References that a path of a filter follows; the server takes more, a list to choose from does not. */
const MAX_REFERENCES = 2;

/** Fields of a resource, and of those that it refers to, that take a filter. */
export function filterFields(
  declaration: Declaration,
  resource: DeclaredResource,
  before = '',
  depth = 0,
): FilterField[] {
  const own = [idField(resource), ...resource.fields].filter(({ operators }) => operators.length > 0);
  const far = own.flatMap((field) => {
    const isOne = field.editor === 'reference' || field.editor === 'account';
    const target = isOne ? resourceOf(declaration, field.resource ?? '') : undefined;
    if (!target || depth === MAX_REFERENCES) return [];
    // The id of a related row is the reference itself.
    return filterFields(declaration, target, `${before}${field.name}.`, depth + 1).filter(
      ({ path }) => path !== `${before}${field.name}.id`,
    );
  });
  return [...own.map((field) => ({ path: before + field.name, field })), ...far];
}

/** The next order of a column: ascending, descending, none. `isAdded` keeps the columns that are sorted by already. */
export function nextSort(sort: string | undefined, name: string, isAdded: boolean): string | undefined {
  const keys = sort?.split(',') ?? [];
  const others = isAdded ? keys.filter((key) => key !== name && key !== `-${name}`) : [];
  const next = keys.includes(name) ? [`-${name}`] : keys.includes(`-${name}`) ? [] : [name];
  return [...others, ...next].join() || undefined;
}
