import { sql } from '../database/sql.ts';
import { param, type Statement, statement } from '../database/statement.ts';
import type { Model } from './model.ts';

const MOST_UPDATES = 200;

/** Updates of one resource by the fields they set. Beyond some hundred, a new one is compiled each time. */
export class UpdateStatements {
  readonly #model: Model;
  readonly #known = new Map<string, Statement>();

  constructor(model: Model) {
    this.#model = model;
  }

  of(names: readonly string[]): Statement {
    const key = names.join();
    const known = this.#known.get(key);
    if (known) return known;
    const made = updateStatement(this.#model, names);
    if (this.#known.size < MOST_UPDATES) this.#known.set(key, made);
    return made;
  }
}

function updateStatement(model: Model, names: readonly string[]): Statement {
  const version = sql.ref('_version');
  const sets = [
    ...names.map((name) => sql`${sql.ref(name)} = ${param(name)}`),
    sql`${version} = ${version} + 1`,
  ];
  return statement(
    model.dialect,
    sql`update ${model.table} set ${sql.join(sets)}
      where ${sql.ref('id')} = ${param('id')} returning ${model.versionedColumns}`,
  );
}
