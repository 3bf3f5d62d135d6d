import { type TSchema, Type } from 'typebox';
import { type FieldError, Problem } from '../../problems.ts';
import type { Model } from '../model.ts';
import { uuid7 } from '../uuid7.ts';
import { checkedBody, compileSchema, completeRow, requireConsistent } from '../validate.ts';
import type { Entry } from './entries.ts';

/** A row that may be written, as far as it alone tells; or what is wrong with it. */
export interface Candidate {
  readonly line: number;
  /** By column; the id only where it is given or a UUID. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly errors: readonly FieldError[];
}

/** The server, as the caller that sets what a file does not say. */
export const SERVER = { kind: 'administrator' } as const;

/**
 * Converts an entry to a candidate: the check of a body, then defaults and the values set by the server. With `keep`, the id and
 * what the server sets may stand in the file and are taken from there; without, they are passed over, and `ignored` is told.
 * @param initial the id of the first state of a `state()` field, by field.
 */
export function candidates(
  model: Model,
  keep: boolean,
  initial: ReadonlyMap<string, unknown>,
  ignored: (name: string) => void,
): (entry: Entry) => Candidate {
  const server = new Set(['id', ...model.fields.filter(({ writable }) => !writable).map(({ name }) => name)]);
  let check = model.checkBody;
  if (keep) {
    // The id and all that the server sets may be given, and may be left out.
    const properties: Record<string, TSchema> = { id: Type.Optional(model.resource.id.schema) };
    for (const { name, field, schema, writable } of model.fields) {
      const optional = !writable || field.nullable || field.default !== undefined;
      properties[name] = optional ? Type.Optional(schema) : schema;
    }
    check = compileSchema(Type.Object(properties, { additionalProperties: false }));
  }
  return ({ line, values: given, errors }) => {
    if (errors.length > 0) return { line, values: {}, errors };
    const body = Object.fromEntries(
      Object.entries(given).filter(([name]) => {
        const passed = !keep && server.has(name);
        if (passed) ignored(name);
        return !passed;
      }),
    );
    try {
      const checked = checkedBody(model, body, check);
      const row = completeRow(model, SERVER, { ...Object.fromEntries(initial), ...checked });
      requireConsistent(model, row);
      for (const { name, type } of model.fields)
        if (type.derived && row[name] == null)
          row[name] = type.derived.candidates(row[type.derived.from]).at(-1);
      const id = checked.id ?? (model.idKind === 'uuid' ? uuid7() : undefined);
      return { line, values: id === undefined ? row : { id, ...row }, errors: [] };
    } catch (error) {
      if (error instanceof Problem) return { line, values: {}, errors: error.errors };
      throw error;
    }
  };
}
