import type { Sql } from '../../database/sql.ts';
import { Param, type Statement, statement } from '../../database/statement.ts';
import type { Value } from '../../database/store.ts';
import { LruMap } from '../../lru-map.ts';
import { Problem } from '../../problems.ts';
import type { Caller } from '../../schema/caller.ts';
import type { Model } from '../model.ts';
import { callerValues, ME } from '../policy.ts';
import { Slot } from './filter-sql.ts';

const MOST_SHAPES = 300;

export interface Shaped {
  readonly statement: Statement;
  /** Values in the order of the statement's placeholders. */
  bind(values: readonly Value[], caller: Caller): Value[];
}

/** Compiled statements of one resource by the shape of what was asked. */
export class Shapes {
  readonly #model: Model;
  readonly #known = new LruMap<string, Shaped>(MOST_SHAPES);

  constructor(model: Model) {
    this.#model = model;
  }

  get(key: string, build: (model: Model) => Sql): Shaped {
    const known = this.#known.get(key);
    if (known) return known;
    const compiled = statement(this.#model.dialect, build(this.#model));
    const order = compiled.slots.map(slotNumber);
    const shaped: Shaped = {
      statement: compiled,
      bind(values, caller) {
        const { [ME]: me } = callerValues(caller);
        return order.map((at) => (at === ME ? me : (values[at] ?? null)));
      },
    };
    this.#known.set(key, shaped);
    return shaped;
  }
}

function slotNumber(slot: unknown): number | typeof ME {
  if (slot instanceof Slot) return slot.at;
  if (slot instanceof Param && slot.name === ME) return ME;
  throw new Problem('internal', { cause: new Error('a list has a value that is no placeholder') });
}
