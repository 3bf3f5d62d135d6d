import { type Sql, sql } from '../../database/sql.ts';
import { anonymous, type Caller } from '../../schema/caller.ts';
import { ruleData } from '../../schema/rules.ts';
import type { Model, ModelField } from '../model.ts';
import { classOf, NOWHERE } from '../rules/caller-class.ts';
import {
  type CompiledRule,
  compiledModel,
  compileResidual,
  type FindModel,
  residualSql,
} from '../rules/compiled-rule.ts';
import { fold, type Residual } from '../rules/residual.ts';

/** A field that a class of callers may read in some rows alone: null in the others, and told apart by a column beside it. */
export function conditionalField(
  field: ModelField,
  residual: Residual,
  model: Pick<Model, 'name' | 'table' | 'dialect'>,
  find: FindModel,
): ModelField {
  const visibilityOf = (row: Sql, ending?: Sql) =>
    residualSql(residual, compiledModel(find, model.name), find, {
      refer: (name) => sql`${row}.${sql.ref(name)}`,
      ending,
    });
  const visibility = (row: Sql) => visibilityOf(row, model.dialect.forFewRows);
  const { expression: plain = (row) => sql`${row}.${sql.ref(field.name)}` } = field;
  let compiled: CompiledRule | undefined;
  const seen = (visible: Sql, value: Sql) => sql`case when ${visible} then ${value} end`;
  const expression = (row: Sql) => seen(visibility(row), plain(row));
  const visible = visibilityOf(model.table);
  return {
    ...field,
    field: { ...field.field, nullable: true },
    expression,
    visibility,
    value: seen(visible, field.value ?? sql`${model.table}.${sql.ref(field.name)}`),
    visible,
    selected: { value: expression(model.table), visible: visibility(model.table) },
    condition: () => {
      compiled ??= compileResidual(residual, compiledModel(find, model.name), find);
      return compiled;
    },
  };
}

/** The rest of a field's rule for the class of a caller. */
export function fieldResidual(
  { field: { can = {} } }: ModelField,
  caller: Caller,
  place: Parameters<typeof fold>[2] & { readonly isOwn?: boolean },
): Residual {
  const rule = place.verb === 'delete' ? undefined : can[place.verb];
  return (
    rule === undefined ||
    fold(ruleData(rule), { ...classOf(caller, place.verb === 'read'), isOwn: place.isOwn ?? false }, place)
  );
}

/** Whether everybody may know of a field. */
export function isPublic(field: ModelField): boolean {
  return fieldResidual(field, anonymous, NOWHERE) === true;
}
