import type { Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { Caller, Context } from '../../schema/caller.ts';
import type { ClassLists } from '../lists/list-plan.ts';
import type { Model, ModelField, Projection, Row } from '../model.ts';
import { inTransaction, type OpenTransaction } from '../transaction.ts';
import { bodyProblem, compileSchema, isObject } from '../validate.ts';
import type { AnyService, RowWriter } from '../write.ts';
import { MAX_WRITTEN, manyWriter, writeEach } from './write-many.ts';

/** Verbs that are made of others, in one transaction. */
export function verbsOfSeveral(
  writer: RowWriter,
  store: Store,
  list: AnyService['list'],
  lists: (caller: Caller) => ClassLists,
): Pick<AnyService, 'increment' | 'upsert' | 'createMany' | 'patchMany' | 'removeMany'> {
  const { model } = writer;
  const together = <T>(
    context: Context,
    write: (joined: Context, transaction: OpenTransaction) => Promise<T>,
  ) => {
    const { caller, origin } = context;
    const joined = (transaction: OpenTransaction) => ({ caller, ...(origin && { origin }), transaction });
    return inTransaction(store, context, (transaction) => write(joined(transaction), transaction), {
      before: true,
    });
  };

  const each = manyWriter(store, { writer, list, lists, together });
  return {
    increment: (context, id, amounts, options) => {
      const set = sumsOf(model, model.policy.fields(context.caller, 'update', id), amounts);
      return writer.write(context, { ...options, verb: 'update', merge: true, body: {}, id, set });
    },
    upsert: (context, { field, value }, body, options) =>
      together(context, async (joined, transaction) => {
        const { items } = await list(joined, {
          fields: [],
          filter: { [field]: { eq: value } },
          limit: 1,
        });
        const id = items[0]?.id;
        const given = isObject(body) ? { [field]: value, ...body } : body;
        if (id !== undefined)
          return { row: await writer.replace(joined, id, given, options), created: false };
        if (options?.ifMatch !== undefined) throw new Problem('precondition_failed');
        if (isObject(given) && given[field] !== value)
          throw new Problem('invalid', {
            detail: `${field}: expected the value in the path.`,
            errors: [{ pointer: `/${field}`, code: 'path', message: 'expected the value in the path' }],
          });
        try {
          return { row: await writer.create(joined, given), created: true };
        } catch (error) {
          // Somebody else has made the row meanwhile, or it is hidden: then the last try fails too.
          transaction.isRepeatable ||=
            error instanceof Problem &&
            error.data.constraint === 'unique' &&
            Array.isArray(error.data.fields) &&
            error.data.fields.includes(field);
          throw error;
        }
      }),
    createMany: (context, bodies) =>
      together(context, async (joined) => {
        if (bodies.length > MAX_WRITTEN)
          throw new Problem('malformed', { detail: `At most ${MAX_WRITTEN} rows are created at once.` });
        const creates = bodies.map((body) => ({ verb: 'create', body }) as const);
        return writeEach(writer, joined, creates, (error, at) => placed(error, `/items/${at}`));
      }),
    patchMany: (context, query, body) => each(context, query, { verb: 'update', merge: true, body }),
    removeMany: (context, query) => each(context, query, { verb: 'delete' }),
  };
}

/** A problem whose pointers lead into one of many bodies. */
export function placed(error: unknown, at: string): unknown {
  if (!(error instanceof Problem)) return error;
  const { detail, data, headers, cause, code } = error;
  const errors = error.errors.map((each) => (each.in ? each : { ...each, pointer: at + each.pointer }));
  return new Problem(code, { detail: `${at.slice(1)}: ${detail}`, data, headers, cause, errors });
}

/** Whether amounts can be added to a field: to counters, and to numbers that callers may set. */
export function isAddedTo({ kind, writable, type }: ModelField): boolean {
  return writable ? kind === 'integer' || kind === 'number' : type.server?.created === 'zero';
}

/** The values after amounts are added. Throws `unknown_field`; for a sum that a field does not take, `invalid`. */
function sumsOf(model: Model, { byName }: Projection, amounts: Readonly<Record<string, unknown>>) {
  const known = [...byName.values()].filter(isAddedTo);
  const names = Object.keys(amounts);
  const unknown = names.filter((name) => !known.some((field) => field.name === name));
  const allowed = known.map(({ name }) => name);
  if (unknown.length > 0) {
    const message = 'this is no number to add to';
    const errors = unknown.map((name) => ({ pointer: `/${name}`, code: 'unknown', message }));
    throw bodyProblem(errors, allowed, model.name);
  }
  const checks = known.map(({ name, type }) => ({ name, check: compileSchema(type.schema) }));
  return (current: Row) => {
    const sums = names.map((name) => [name, Number(current[name]) + Number(amounts[name])]);
    const after = Object.fromEntries(sums);
    const errors = checks
      .filter(({ name }) => name in after)
      .flatMap(({ name, check }) => check(after[name]).map((error) => ({ ...error, pointer: `/${name}` })));
    if (errors.length > 0) throw bodyProblem(errors, allowed);
    return after;
  };
}
