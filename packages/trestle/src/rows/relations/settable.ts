import { isDeepStrictEqual } from 'node:util';
import type { Executor } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { Caller } from '../../schema/caller.ts';
import { completeValue } from '../../schema/field.ts';
import type { RowId } from '../../schema/id.ts';
import { isOnCaller } from '../../schema/rules.ts';
import type { Model, Row } from '../model.ts';
import { CallerValues } from '../policy.ts';
import { type CompiledRule, compileResidual } from '../rules/compiled-rule.ts';
import { fieldResidual } from './field-rules.ts';

type Values = Readonly<Record<string, unknown>>;

/** A row that is about to be written: as it is, as it will be, and the fields that the write sets. */
interface Change {
  readonly current: Values | undefined;
  readonly next: Values;
  readonly names: readonly string[];
}

/** Throws `forbidden` for a field that the caller may not set in this row: as it is, or, a new one, as it will be. */
export interface SettableFields {
  /** Verbs whose field rules ask the row. */
  readonly verbs: readonly ('create' | 'update')[];
  require(executor: Executor, caller: Caller, change: Change): Promise<void>;
}

/** Fields of a row that count as changed whatever they are. */
export interface Edit {
  /** Those that the write sets and its caller may not read. */
  readonly unread: readonly string[] | undefined;
  /** Something does, in any case. */
  readonly touch: boolean | undefined;
}

interface Write {
  readonly body?: unknown;
  readonly merge?: boolean;
  readonly trusted?: boolean;
  readonly own?: boolean;
}

/** Fields that a write sets and its caller may not read. */
interface UnreadFields {
  /** Their names, in a row. They count as changed whatever it has, so that nobody learns by a guess. */
  of(executor: Executor, caller: Caller, current: Row, write: Write): Promise<string[]>;
  /** Whether there may be one of some names, in any row. */
  areAmong(caller: Caller, id: RowId | undefined, names: readonly string[]): boolean;
}

/** Compiles the search of fields that a write sets unread; undefined where every field is for every reader. */
export function unreadFields(model: Model): UnreadFields | undefined {
  const { policy } = model;
  const ruled = model.fields.filter(({ field, writable }) => writable && field.can?.read);
  if (ruled.length === 0) return undefined;
  return {
    async of(executor, caller, current, { body, merge, trusted, own }) {
      if (trusted || own) return [];
      const settable = policy.fields(caller, 'update', current.id).byName;
      const readable = policy.fields(caller, 'see', current.id).byName;
      const unread: string[] = [];
      for (const { name } of ruled) {
        if (!settable.has(name) || (merge && !Object.hasOwn(Object(body), name))) continue;
        const { condition } = readable.get(name) ?? {};
        const isRead = condition
          ? await condition().test(current, new CallerValues(caller), executor)
          : readable.has(name);
        if (!isRead) unread.push(name);
      }
      return unread;
    },
    areAmong(caller, id, names) {
      const readable = policy.fields(caller, 'see', id).byName;
      return ruled.some(
        ({ name }) => names.includes(name) && (!readable.has(name) || readable.get(name)?.condition),
      );
    },
  };
}

/** Compiles the rules on rows of who may set fields; undefined where there are none. */
export function settableFields(model: Model, models: ReadonlyMap<string, Model>): SettableFields | undefined {
  const verbs = (['create', 'update'] as const).filter((verb) =>
    model.fields.some(({ field: { can } }) => can?.[verb] && !isOnCaller(can[verb])),
  );
  if (verbs.length === 0) return undefined;
  const compiled = new Map<string, CompiledRule>();
  const find = (name: string) => models.get(name)?.resource;
  return {
    verbs,
    async require(executor, caller, { current, next, names }) {
      const verb = current ? 'update' : 'create';
      for (const field of model.fields) {
        const { name, field: declared } = field;
        if (!declared.can?.[verb] || !names.includes(name)) continue;
        // What is left out of a new row is not set by its caller.
        if (!current && isDeepStrictEqual(next[name], completeValue(declared, undefined))) continue;
        const residual = fieldResidual(field, caller, { resource: model.resource, verb, find });
        if (typeof residual === 'boolean') continue;
        const key = JSON.stringify(residual);
        const rule = compiled.get(key) ?? compileResidual(residual, model, (other) => models.get(other));
        compiled.set(key, rule);
        if (await rule.test(current ?? next, new CallerValues(caller), executor)) continue;
        const error = { pointer: `/${name}`, code: 'forbidden', message: 'may not be set in this row' };
        throw new Problem('forbidden', { detail: `You may not set ${name} in this row.`, errors: [error] });
      }
    },
  };
}
