import type { Resource } from '../schema/resource.ts';
import type { Resources } from '../schema/row-types.ts';
import { index, type Table, withoutLongName } from './table.ts';
import { tableName } from './tables.ts';

/** The table that holds the `references()` of a field: a row each, with its place in the array. */
export function linkTableName(table: string, field: string): string {
  return withoutLongName(`_links_${table}$${field}`);
}

/** The link tables of a resource. */
export function linkTablesOf(table: string, resource: Resource, resources: Resources): Table[] {
  return Object.entries(resource.fields).flatMap(([field, { type }]) => {
    if (type.relation?.kind !== 'links') return [];
    const target = resources[type.relation.resource];
    if (!target) throw new TypeError(`references('${type.relation.resource}') has no resource`);
    const refer = (name: string, { id }: Resource, other: string, onDelete: 'cascade' | 'restrict') => ({
      name,
      kind: id.kind,
      nullable: false,
      references: { table: other, column: 'id', onDelete },
      type: id.type,
    });
    const { onDelete } = type.relation;
    const name = linkTableName(table, field);
    return [
      {
        name,
        columns: [
          { name: 'id', kind: 'integer', nullable: false, key: 'counting' } as const,
          refer('row', resource, table, 'cascade'),
          refer(
            'target',
            target,
            tableName(type.relation.resource, target),
            onDelete === 'remove' ? 'cascade' : 'restrict',
          ),
          { name: 'position', kind: 'integer', nullable: false } as const,
        ],
        indexes: [index(name, ['row', 'position', 'target']), index(name, ['target', 'row'], true)],
      },
    ];
  });
}
