import type { Dialect } from '../../../database/dialect.ts';
import { type Sql, sql } from '../../../database/sql.ts';
import { param } from '../../../database/statement.ts';
import { isOperand, type Operand } from '../../../schema/rules.ts';
import type { Model } from '../../model.ts';
import { type FindModel, ME, originOf, ownSql, relatedRows } from '../../rules/compiled-rule.ts';
import { combined, lookupOf, type Part } from '../../rules/residual.ts';

/** The column of a group's value: no field has such a name. */
export const GROUP = '_group';

/** Rows by groups, as under a membership rule: those whose field has one of some values. */
interface Membership {
  readonly field: string;
  /** Selects the values, as `_group`. */
  readonly rows: Sql;
  /** The same, where one may come several times: PostgreSQL takes 110 µs to make 300 values distinct. */
  readonly repeated: Sql;
}

/** Rows by the groups of one membership or of several: a row may be in a group of each. */
export interface RuleGroups {
  readonly memberships: readonly Membership[];
  /** A condition that the rows meet beside. */
  readonly rest?: Sql;
  /** Rows that hold the caller's account in one of these fields are there, too, whatever their group. */
  readonly own?: readonly string[];
}

/** The column that tells whether the caller is a member of few groups: no field has such a name. */
export const FEW = '_few';
/** Groups that are few: PostgreSQL reads and hashes them all in the time of some 40 lookups. */
const MAX_FEW = 400;

/** Whether a caller is a member of few groups, as a column; undefined where that makes no difference. */
export function fewColumn({ memberships }: RuleGroups, { amongFew }: Dialect): Sql | undefined {
  if (!amongFew) return undefined;
  const most = sql.lit(MAX_FEW);
  const areFew = memberships.map(
    ({ repeated }) =>
      sql`(select count(*) <= ${most} from (select 1 from (${repeated}) as ${sql.id('_g')} limit ${most} + 1) as ${sql.id('_n')})`,
  );
  return sql`${sql.join(areFew, ' and ')} as ${sql.id(FEW)}`;
}

/** The condition of the rows of few groups, which are looked up once. */
export function ofFewGroups({ memberships, rest, own = [] }: RuleGroups, { amongFew }: Dialect): Sql {
  const some = [
    ...memberships.map(({ field, repeated }) => amongFew?.(sql.ref(field), repeated)),
    ...own.map((name) => sql`${sql.ref(name)} = ${param(ME)}`),
  ].filter((each) => each !== undefined);
  const ofGroups = sql`(${sql.join(some, ' or ')})`;
  return rest ? sql`${ofGroups} and ${rest}` : ofGroups;
}

/**
 * The groups of the rows that a condition leaves, where it is a membership rule: an `exists` that compares one field of the other
 * resource with a reference or an author of the row, or a `through` to rows of such a rule.
 */
export function groupsOf(where: Sql): RuleGroups | undefined {
  const origin = originOf(where);
  if (!origin) return undefined;
  const { residual, model, find } = origin;
  if (residual.kind !== 'all') return groupsOfPart(residual, model, find);
  for (const part of residual.parts) {
    const groups = groupsOfPart(part, model, find);
    const others = combined(
      'all',
      residual.parts.filter((other) => other !== part),
    );
    if (groups) return { ...groups, rest: ownSql(others, model, find) };
  }
  return undefined;
}

function groupsOfPart(part: Part, model: Model, find: FindModel): RuleGroups | undefined {
  if (part.kind !== 'any') {
    const membership = membershipOf(part, model, find);
    return membership && { memberships: [membership] };
  }
  const own = part.parts.flatMap((each) => ownField(each) ?? []);
  const others = part.parts.filter((each) => ownField(each) === undefined);
  const memberships = others.flatMap((each) => membershipOf(each, model, find) ?? []);
  return memberships.length > 0 && memberships.length === others.length ? { memberships, own } : undefined;
}

function membershipOf(part: Part, model: Model, find: FindModel): Membership | undefined {
  if (part.kind === 'through') {
    const target = find(part.resource);
    const isPlain = target && !target.live && typeof part.rule !== 'boolean' && part.rule.kind === 'exists';
    const groups = isPlain ? groupsByField(part.rule, find) : undefined;
    return groups?.field === 'id' ? { ...groups, field: part.field } : undefined;
  }
  const groups = part.kind === 'exists' ? groupsByField(part, find) : undefined;
  const { type } = (groups && model.byName.get(groups.field)) || {};
  return type?.reference || type?.isOwner ? groups : undefined;
}

/** The field of a condition that a row holds the caller's account. */
function ownField(part: Part): string | undefined {
  const isOwn = part.kind === 'condition' && part.operator === 'eq' && isOperand(part.value);
  return isOwn && (part.value as Operand).operand === 'me' ? part.field : undefined;
}

function groupsByField(
  { resource, filter }: Part & { kind: 'exists' },
  find: FindModel,
): Membership | undefined {
  const lookup = lookupOf(filter);
  if (!lookup) return undefined;
  const select = (how: Sql) =>
    relatedRows(
      { kind: 'exists', resource, filter: lookup.rest },
      find,
      { refer: () => sql`1`, depth: 0 },
      (row) => sql`${how} ${row(lookup.field)} as ${sql.id(GROUP)}`,
    );
  return { field: lookup.its, rows: select(sql`distinct`), repeated: select(sql`all`) };
}
