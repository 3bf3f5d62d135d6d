import { Problem } from '../../problems.ts';
import type { Model, Row } from '../model.ts';
import type { OpenTransaction } from '../transaction.ts';
import type { WriteStatements } from '../write-statements.ts';

/** Fields that are made of others, to values that no other row has. */
export interface DerivedFields {
  /** Sets them in a row as it will be. */
  derive(
    transaction: OpenTransaction,
    next: Record<string, unknown>,
    current: Row | undefined,
  ): Promise<void>;
  /** Whether a write failed because somebody else has taken what a field was to be derived as. */
  isTaken(error: unknown): boolean;
}

/** Compiles the derived fields of a resource; undefined where it has none. */
export function derivedFields(model: Model, statements: WriteStatements): DerivedFields | undefined {
  const fields = model.fields.flatMap(({ name, type: { derived } }) => (derived ? [{ name, derived }] : []));
  if (fields.length === 0) return undefined;
  return {
    async derive(transaction, next, current) {
      for (const { name, derived } of fields) {
        const isSet = current ? (current[name] ?? null) !== null : (next[name] ?? null) !== null;
        if (isSet && !(current && derived.follows && next[derived.from] !== current[derived.from])) continue;
        const candidates = derived.candidates(next[derived.from]);
        const taken = await statements.taken(transaction, name, candidates);
        const free = candidates.find((one) => one === current?.[name] || !taken.has(one));
        // Where many want the same one at once, the last candidate is nobody else's.
        next[name] = transaction.attempt > 2 ? candidates.at(-1) : (free ?? candidates.at(-1));
      }
    },
    isTaken(error) {
      if (!(error instanceof Problem && error.data.constraint === 'unique')) return false;
      const taken = error.data.fields;
      return fields.some(({ name }) => Array.isArray(taken) && taken.includes(name));
    },
  };
}
