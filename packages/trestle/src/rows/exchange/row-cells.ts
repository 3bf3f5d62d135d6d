import type { StoredKind } from '../../database/dialect.ts';
import type { Model, Row } from '../model.ts';
import type { Cell } from './csv.ts';

/** The columns of a resource's CSV: the id, then the fields in declared order. */
export function columnsOf(model: Model): { name: string; kind: StoredKind; nullable: boolean }[] {
  const fields = model.fields.map(({ name, kind, field }) => ({ name, kind, nullable: field.nullable }));
  return [{ name: 'id', kind: model.idKind, nullable: false }, ...fields];
}

/** What turns a row into its cells. Values of lists and objects are JSON. */
export function cellsOf(model: Model): (row: Row) => Cell[] {
  const columns = columnsOf(model);
  return (row) => columns.map(({ name, kind }) => cell(kind, row[name]));
}

function cell(kind: StoredKind, value: unknown): Cell {
  if (value === null || value === undefined) return null;
  return kind === 'json' ? JSON.stringify(value) : String(value);
}

/** A cell as the value a body has; what is not of its kind stays a text, for the check to refuse. Undefined: left out. */
export function valueOfCell(
  kind: StoredKind,
  nullable: boolean,
  text: Cell,
  parseJson: (text: string) => unknown,
): unknown {
  if (text === null) return nullable ? null : undefined;
  if (kind === 'json') return parseJson(text);
  if (kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  const isNumber = (kind === 'integer' || kind === 'number') && NUMBER.test(text);
  return isNumber ? Number(text) : text;
}

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
