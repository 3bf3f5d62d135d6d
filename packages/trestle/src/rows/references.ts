import { sql } from '../database/sql.ts';
import { bind, param, type Statement, statement } from '../database/statement.ts';
import type { Executor, Value } from '../database/store.ts';
import { type FieldError, Problem } from '../problems.ts';
import type { Caller } from '../schema/caller.ts';
import type { Model } from './model.ts';
import { CallerValues } from './policy.ts';
import type { KeyedCondition } from './rules/compiled-rule.ts';
import { allOf } from './write-statements.ts';

interface Reference {
  readonly field: string;
  readonly target: Model;
  /** Selects those of some ids that the caller may refer to. */
  readonly among: (caller: Caller) => Statement;
  /** The condition that the caller may refer to the row whose id is the parameter of the field's name. */
  readonly condition: (caller: Caller) => KeyedCondition;
}

/** The references of a resource's rows. */
export interface References {
  /** Checks that the rows a body refers to exist and may be read by the caller. */
  check(transaction: Executor, caller: Caller, values: Readonly<Record<string, Value>>): Promise<void>;
  /** The condition of that for one field, which is no array; undefined for one that refers to nothing. */
  condition(caller: Caller, field: string): KeyedCondition | undefined;
}

/**
 * Foreign keys hold the references; this names the field that is wrong, which SQLite's errors do not, and lets nobody
 * refer to a row that they may not read (which would tell them that it exists).
 */
export function referencesOf(model: Model, models: ReadonlyMap<string, Model>): References {
  const references: Reference[] = [];
  let conditions = 0;
  const { dialect } = model;
  for (const { name, type } of model.fields) {
    const { reference, relation } = type;
    const target = models.get(reference?.target ?? (relation?.kind === 'links' ? relation.resource : ''));
    if (!target) continue;
    const id = sql.ref('id');
    const among = reference
      ? sql`${id} = ${param('ids')}`
      : dialect.within(id, sql`${param('ids')}`, target.idKind);
    const select = target.policy.perClass(['read'], (where) =>
      statement(dialect, sql`select ${id} from ${target.table} where ${allOf(among, where)}`),
    );
    const condition = target.policy.perClass(['read'], (where) => {
      conditions += 1;
      const row = allOf(sql`${id} = ${param(name)}`, where);
      const condition = sql`exists (select 1 from ${target.table} where ${row})`;
      return { key: ` ${conditions}`, condition: () => condition };
    });
    references.push({ field: name, target, among: select, condition });
  }
  const check: References['check'] = async (transaction, caller, values) => {
    const errors: FieldError[] = [];
    for (const { field, target, among } of references) {
      const given = values[field];
      if (given === null || given === undefined) continue;
      const { links } = model.byName.get(field) ?? {};
      const ids: readonly Value[] = links ? JSON.parse(String(given)) : [given];
      if (ids.length === 0) continue;
      const query = among(caller);
      const asked = { ids: links ? dialect.encodeList(ids) : given };
      const found = new Set(
        (await transaction.all(query, bind(query, asked, new CallerValues(caller)))).map((row) => row.id),
      );
      ids.forEach((id, at) => {
        if (found.has(id)) return;
        errors.push({
          pointer: links ? `/${field}/${at}` : `/${field}`,
          code: 'reference',
          message: `there is no row ${String(id)} in ${target.name}`,
          params: { resource: target.name, id },
        });
      });
    }
    if (errors.length > 0)
      throw new Problem('invalid', { errors, detail: errors.map((error) => error.message).join('; ') });
  };
  const byField = new Map(references.map((reference) => [reference.field, reference]));
  return { check, condition: (caller, field) => byField.get(field)?.condition(caller) };
}
