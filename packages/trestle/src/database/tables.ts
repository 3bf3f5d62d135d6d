import { ACCOUNTS_TABLE, type Accounts, withAccounts } from '../schema/accounts.ts';
import { type Field, hasColumn } from '../schema/field.ts';
import type { Id } from '../schema/id.ts';
import type { Resource } from '../schema/resource.ts';
import type { Resources } from '../schema/row-types.ts';
import { indexesOf, lookedUp } from './indexes.ts';
import { linkTablesOf } from './link-table.ts';
import { type Column, DELETED_AT, type Table, withDistinctNames } from './table.ts';

/** Counts the writes of a row: its ETag is made of it. */
const VERSION_COLUMN: Column = { name: '_version', kind: 'integer', nullable: false, default: 1 };

/** The moment at which a row was deleted that can be restored; null while it is there. */
const DELETED_COLUMN: Column = { name: DELETED_AT, kind: 'timestamp', nullable: true };

/** One table for each resource: an app's, or the engine's own. */
export function tablesOf(resources: Resources, accounts: Accounts): Table[] {
  const looked = lookedUp(resources);
  const known = withAccounts(resources, accounts);
  const tables = Object.entries(resources).flatMap(([name, resource]): Table[] => {
    const table = tableName(name, resource);
    const columns = Object.entries(resource.fields)
      .filter(([, field]) => hasColumn(field))
      .map(([key, field]): Column => {
        const column = columnOf(key, field, known, accounts);
        const isOwn = name === 'accounts' && Object.hasOwn(accounts.fields, key);
        const { server, reference, schema } = field.type;
        if ((resource.table !== undefined && !isOwn) || server || reference) return column;
        // Callers give its values: their schema is written down, without its keywords for people.
        const written = JSON.stringify(schema, (keyword: string, value: unknown) =>
          keyword.startsWith('x-') ? undefined : value,
        );
        return { ...column, schema: JSON.parse(written) };
      });
    const own = {
      name: table,
      columns: [
        idColumn(resource.id),
        ...columns,
        VERSION_COLUMN,
        ...(resource.softDelete ? [DELETED_COLUMN] : []),
      ],
      indexes: indexesOf(table, resource, looked.get(name)),
      ...(resource.exclude.length > 0 && { exclusions: resource.exclude }),
    };
    return [own, ...linkTablesOf(table, resource, known)];
  });
  return withDistinctNames(tables);
}

/** The table of a resource's rows: named as the resource, but for the engine's own. */
export function tableName(name: string, { table }: Resource): string {
  return table ?? name;
}

/** The column of an id: integers count up and are never given twice, UUIDs are given by the engine. */
export function idColumn(id: Id): Column {
  return { name: 'id', kind: id.kind, nullable: false, key: id.kind === 'integer' ? 'counting' : 'given' };
}

function columnOf(name: string, field: Field, resources: Resources, accounts: Accounts): Column {
  const { nullable } = field;
  const { reference, column, isAccount, server, derived } = field.type;
  if (reference) {
    const { target, onDelete } = reference;
    const referred = resources[target];
    if (!referred)
      throw new TypeError(`reference('${target}') has no resource; declare ${target} in app({ resources })`);
    return {
      name,
      kind: referred.id.kind,
      nullable,
      ...defaultOf(field),
      references: { table: tableName(target, referred), column: 'id', onDelete },
      type: referred.id.type,
    };
  }
  if (isAccount) {
    const references = { table: ACCOUNTS_TABLE, column: 'id', onDelete: 'setNull' } as const;
    return { name, kind: accounts.id.kind, nullable, references, type: accounts.id.type };
  }
  const { older } = server ?? {};
  // Rows that are older than a derived field have none until it is made of the other field, at the same start.
  const canBeNull = nullable || derived !== undefined;
  return {
    name,
    kind: column,
    nullable: canBeNull,
    ...defaultOf(field),
    ...(older && { older }),
    type: field.type,
  };
}

/** The value of a new column in existing rows; null in a nullable column. */
function defaultOf(field: Field): Pick<Column, 'default'> {
  const value = field.default;
  if (value === undefined || value === null) return {};
  const { toColumnDefault } = field.type;
  if (toColumnDefault) return { default: toColumnDefault(value) };
  if (typeof value === 'object')
    throw new TypeError(`a ${field.type.name} field cannot have the default ${JSON.stringify(value)}`);
  return { default: value };
}
