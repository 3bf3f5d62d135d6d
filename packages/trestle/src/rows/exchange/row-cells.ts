import type { FieldType } from '../../schema/field-type.ts';
import type { Model, Row } from '../model.ts';
import type { Cell } from './csv.ts';

/** A column of a resource's CSV. */
export interface CsvColumn {
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
}

/** The columns of a resource's CSV: the id, then the fields in declared order. */
export function columnsOf(model: Model): CsvColumn[] {
  const fields = model.fields.map(({ name, type, field }) => ({ name, type, nullable: field.nullable }));
  return [{ name: 'id', type: model.resource.id.type, nullable: false }, ...fields];
}

/** Turns rows into their cells. */
export function cellsOf(model: Model): (row: Row) => Cell[] {
  const columns = columnsOf(model);
  return (row) =>
    columns.map(({ name, type }) => {
      const value = row[name];
      return value === null || value === undefined ? null : type.toText(value);
    });
}
