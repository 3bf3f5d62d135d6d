import { type FieldError, Problem } from '../../problems.ts';
import type { Model } from '../model.ts';
import { isObject } from '../validate.ts';
import { type Cell, csvRecords } from './csv.ts';
import { type CsvColumn, columnsOf } from './row-cells.ts';

export type Format = 'ndjson' | 'csv';

/** One row of a file as it stands there, and its line counted from 1; or what keeps it from being read. */
export interface Entry {
  readonly line: number;
  readonly values: Readonly<Record<string, unknown>>;
  readonly errors: readonly FieldError[];
}

/** Reads a JSON text. Throws `Problem` for one that is none, or not one to take. */
type ParseJson = (text: string) => unknown;

/** The rows of a file's text. Throws `Problem` for a CSV header that does not fit the resource. */
export function readEntries(
  model: Model,
  format: Format,
  parts: Iterable<string>,
  parseJson: ParseJson,
): Iterable<Entry> {
  return format === 'csv' ? csvEntries(model, parts, parseJson) : ndjsonEntries(parts, parseJson);
}

/** One JSON object a line; blank lines are passed over (https://github.com/ndjson/ndjson-spec). */
function* ndjsonEntries(parts: Iterable<string>, parseJson: ParseJson): Generator<Entry> {
  let line = 0;
  for (const text of lines(parts)) {
    line += 1;
    if (text.trim() === '') continue;
    const read = attempt('', () => parseJson(text));
    if ('error' in read) yield refused(line, read.error);
    else if (isObject(read.value)) yield { line, values: read.value, errors: [] };
    else yield refused(line, fault('', 'type', 'expected a JSON object'));
  }
}

function* lines(parts: Iterable<string>): Generator<string> {
  let rest = '';
  for (const part of parts) {
    const found = (rest + part).split('\n');
    rest = found.pop() ?? '';
    yield* found;
  }
  if (rest !== '') yield rest;
}

function* csvEntries(model: Model, parts: Iterable<string>, parseJson: ParseJson): Generator<Entry> {
  const known = new Map(columnsOf(model).map((column) => [column.name, column]));
  let columns: CsvColumn[] | undefined;
  for (const { line, cells, error } of csvRecords(parts)) {
    if (error) yield refused(line, fault('', 'csv', error));
    else if (!columns)
      columns = cells.map((name, at) => {
        const column = known.get(name ?? '');
        if (!column || cells.indexOf(name) !== at)
          throw new Problem('invalid', {
            detail: `line 1: '${name ?? ''}' is ${column ? 'there twice' : `no field of ${model.name}`}; expected names out of ${[...known.keys()].join(', ')}`,
          });
        return column;
      });
    else if (cells.length === columns.length) yield csvEntry(line, columns, cells, parseJson);
    else if (cells.length > 1 || cells[0] !== null)
      yield refused(
        line,
        fault(
          '',
          'csv',
          `expected ${columns.length} ${columns.length === 1 ? 'cell' : 'cells'}, got ${cells.length}`,
        ),
      );
  }
}

function csvEntry(
  line: number,
  columns: readonly CsvColumn[],
  cells: readonly Cell[],
  parseJson: ParseJson,
): Entry {
  const values: Record<string, unknown> = {};
  const errors: FieldError[] = [];
  columns.forEach(({ name, type, nullable }, at) => {
    const cell = cells[at] ?? null;
    if (cell === null) {
      if (nullable) values[name] = null;
      return;
    }
    if (cell.includes('\0')) errors.push(fault(`/${name}`, 'pattern', 'holds the character U+0000'));
    const read = attempt(`/${name}`, () => type.fromText(cell, parseJson));
    if ('error' in read) errors.push(read.error);
    else values[name] = read.value;
  });
  return { line, values, errors };
}

function attempt(pointer: string, read: () => unknown): { value: unknown } | { error: FieldError } {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { error: fault(pointer, 'json', error.detail.replace(/^The (JSON )?body/, 'This')) };
  }
}

function refused(line: number, error: FieldError): Entry {
  return { line, values: {}, errors: [error] };
}

export function fault(pointer: string, code: string, message: string): FieldError {
  return { pointer, code, message };
}
