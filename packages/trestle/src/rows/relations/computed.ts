import { type Sql, sql } from '../../database/sql.ts';
import { ruleData } from '../../schema/rules.ts';
import type { Model, ModelField } from '../model.ts';
import { type FindModel, relatedRows } from '../rules/compiled-rule.ts';
import { allOfResiduals, type CallerClass, fold, foldFilter } from '../rules/residual.ts';

/** Whose rows a computed field is made of. */
interface Reader {
  readonly class: CallerClass;
  /** Whether `me` is an account. */
  readonly hasAccount: boolean;
  /** Whether the caller may read rows of a resource at all, as far as the scopes of a key say. */
  readonly reaches: (resource: string) => boolean;
}

/** A computed field as a class of callers has it: with its SQL, and a key that is the same where that is. */
export function computedFor(
  field: ModelField,
  reader: Reader,
  model: Pick<Model, 'dialect' | 'table'>,
  find: FindModel,
): { readonly key: string; readonly field: ModelField } {
  const { relation } = field.type;
  if (!relation || !('filter' in relation)) return { key: field.name, field };
  const { kind, resource, filter, of = '' } = relation;
  const target = find(resource);
  if (!target) throw new TypeError(`${kind}('${resource}') has no resource`);
  const place = {
    resource: target.resource,
    verb: 'read',
    find: (name: string) => find(name)?.resource,
  } as const;
  const readable =
    relation.rows === 'all' ||
    (reader.reaches(resource) && fold(ruleData(target.resource.can.read), reader.class, place));
  // Whose account `me` is does not depend on what an administrator may do.
  const asked = { kind: reader.hasAccount ? 'account' : 'key', roles: [] } as const;
  const residual = allOfResiduals([foldFilter(filter, asked, false), readable]);
  const { dialect } = model;
  const what = {
    count: () => sql`count(*)`,
    exists: () => sql`1`,
    sum: (row: (name: string) => Sql) =>
      dialect.sum(row(of), target.byName.get(of)?.kind ?? 'number', field.type.scale ?? 0),
  }[kind];
  const expressionOf = (row: Sql, ending?: Sql) => {
    const outer = (name: string) => sql`${row}.${sql.ref(name)}`;
    const rows = relatedRows(
      { kind: 'exists', resource, filter: residual },
      find,
      { refer: outer, depth: 0, ending },
      what,
    );
    return kind === 'exists' ? sql`exists (${rows}${ending ?? sql``})` : sql`(${rows})`;
  };
  const expression = (row: Sql) => expressionOf(row, dialect.forFewRows);
  const key = `${field.name} ${JSON.stringify(residual)}`;
  return {
    key,
    field: {
      ...field,
      expression,
      value: expressionOf(model.table),
      selected: { value: expression(model.table) },
    },
  };
}
