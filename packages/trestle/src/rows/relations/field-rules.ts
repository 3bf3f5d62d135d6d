import { sql } from '../../database/sql.ts';
import type { Model, ModelField } from '../model.ts';
import { type CompiledRule, compileResidual, type FindModel, residualSql } from '../rules/compiled-rule.ts';
import type { Residual } from '../rules/residual.ts';

/** A field that a class of callers may read in some rows alone: null in the others, and told apart by a column beside it. */
export function conditionalField(
  field: ModelField,
  residual: Residual,
  model: Pick<Model, 'name' | 'table'>,
  find: FindModel,
): ModelField {
  // The rule is compiled by the time that its rows are read.
  const own = () => find(model.name) ?? fail(model.name);
  const visibility: ModelField['visibility'] = (row) =>
    residualSql(residual, own(), find, (name) => sql`${row}.${sql.ref(name)}`);
  const { expression: plain = (row) => sql`${row}.${sql.ref(field.name)}` } = field;
  let compiled: CompiledRule | undefined;
  const expression: ModelField['expression'] = (row) =>
    sql`case when ${visibility(row)} then ${plain(row)} end`;
  return {
    ...field,
    field: { ...field.field, nullable: true },
    expression,
    visibility,
    value: expression(model.table),
    visible: visibility(model.table),
    condition: () => {
      compiled ??= compileResidual(residual, own(), find);
      return compiled;
    },
  };
}

function fail(name: string): never {
  throw new TypeError(`the rules of ${name} are asked before it is compiled`);
}
