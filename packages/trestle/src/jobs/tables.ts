import type { StoredKind } from '../database/dialect.ts';
import { type Column, INTERNAL, index, type Table } from '../database/table.ts';

export const OPERATIONS = `${INTERNAL}operations`;
export const MOVES = `${INTERNAL}moves`;

const column = (name: string, kind: StoredKind, nullable = false): Column => ({ name, kind, nullable });

/**
 * An operation as it is kept. `active` is the row's name while the operation has not ended and null afterwards: being
 * unique, it lets one operation at a time be under way on a row. `lease` and `due` are seconds of the database's clock.
 */
const operations: Table = {
  name: OPERATIONS,
  columns: [
    { ...column('id', 'uuid'), key: 'given' },
    column('resource', 'text'),
    column('row', 'text'),
    column('operation', 'text'),
    column('state', 'text'),
    column('active', 'text', true),
    column('progress', 'number'),
    column('message', 'text', true),
    column('result', 'json', true),
    column('error', 'text', true),
    column('attempts', 'integer'),
    column('fence', 'integer'),
    column('changes', 'integer'),
    column('cancel', 'integer'),
    column('lease', 'number', true),
    column('due', 'number'),
    column('account', 'text', true),
    column('created_at', 'timestamp'),
    column('started_at', 'timestamp', true),
    column('finished_at', 'timestamp', true),
  ],
  indexes: [
    index(OPERATIONS, ['active'], true),
    index(OPERATIONS, ['state', 'due']),
    index(OPERATIONS, ['resource', 'row', 'id']),
    index(OPERATIONS, ['finished_at']),
  ],
};

/** Who moved which row from where to where, and when. */
const moves: Table = {
  name: MOVES,
  columns: [
    { ...column('id', 'integer'), key: 'counting' },
    column('resource', 'text'),
    column('row', 'text'),
    column('from_state', 'text'),
    column('to_state', 'text'),
    column('operation', 'uuid', true),
    column('account', 'text', true),
    column('at', 'timestamp'),
  ],
  indexes: [index(MOVES, ['resource', 'row', 'id'])],
};

/** The tables of operations and moves. */
export function operationTables(): Table[] {
  return [operations, moves];
}

/** The columns of an operation that its record is made of. */
export const OPERATION_COLUMNS = operations.columns.map(({ name }) => name);
