import { instantNow } from '../../clock.ts';
import { type Sql, sql } from '../../database/sql.ts';
import { bind, param, statement } from '../../database/statement.ts';
import type { Executor, Value } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { Exclusion } from '../../schema/resource.ts';
import { conditionsOf } from '../../schema/rules.ts';
import type { Model } from '../model.ts';
import { compileResidual, ME, NOW } from '../rules/compiled-rule.ts';
import { foldFilter } from '../rules/residual.ts';
import { encodeFields } from '../write-statements.ts';

type Row = Readonly<Record<string, unknown>>;

/** Throws `conflict` where a row overlaps another in a span that is for one of them. */
export interface Exclusions {
  /** Checks a row before it is written. @param names the fields that the write sets. */
  check(transaction: Executor, row: Row, names: readonly string[], id: Value): Promise<void>;
  /** Checks all rows of the table, which nobody else writes meanwhile. */
  checkAll(transaction: Executor): Promise<void>;
}

/** Compiles the `exclude` of a resource; undefined where it has none. */
export function exclusionsOf(model: Model): Exclusions | undefined {
  if (model.resource.exclude.length === 0) return undefined;
  const all = model.resource.exclude.map((exclusion) => compileExclusion(model, exclusion));
  return {
    async check(transaction, row, names, id) {
      for (const exclusion of all) await exclusion.check(transaction, row, names, id);
    },
    async checkAll(transaction) {
      for (const exclusion of all) await exclusion.checkAll(transaction);
    },
  };
}

function compileExclusion(model: Model, { same, from, to, where = {} }: Exclusion): Exclusions {
  const { dialect, table } = model;
  const filter = foldFilter(where, { kind: 'account', roles: [] }, false);
  // A filter of constants looks at no other resource.
  const applies = compileResidual(filter, model, () => undefined);
  const fields = [...same, from, to];
  const dependsOn = new Set([
    ...fields,
    ...conditionsOf(where).flatMap((one) => ('field' in one ? one.field : [])),
  ]);
  const applying = [model.live, applies.where].filter((one) => one !== undefined);
  const all = applying.length > 0 ? sql.join(applying, ' and ') : sql`1 = 1`;
  const equal = same.map((name) => sql`${sql.ref(name)} = ${param(name)}`);
  const overlaps = statement(
    dialect,
    sql`select 1 from ${table} where ${sql.join([...equal, sql`${sql.ref(from)} < ${param(to)}`, sql`${sql.ref(to)} > ${param(from)}`], ' and ')}
      and ${sql.ref('id')} is distinct from ${param(':id')} and ${all} limit 1`,
  );
  const lock = dialect.lockUntilCommit(sql`${param(':key')}`);
  const locking = lock && statement(dialect, lock);
  return {
    async check(transaction, row, names, id) {
      if (!names.some((name) => dependsOn.has(name)) || fields.some((name) => row[name] === null)) return;
      if (!applies.test(row, { [ME]: null, [NOW]: instantNow() }, transaction)) return;
      const values = encodeFields(model, row, fields);
      // Of two writes that overlap, the second looks once the first is committed: no constraint of PostgreSQL does this
      // without the extension btree_gist, which a server may lack, and its owner alone may create.
      if (locking) {
        const key = JSON.stringify([model.name, same, same.map((name) => values[name])]);
        await transaction.all(locking, bind(locking, { ':key': key }));
      }
      const found = await transaction.all(overlaps, bind(overlaps, { ...values, ':id': id }));
      if (found.length > 0) throw overlap(same, from, to);
    },
    async checkAll(transaction) {
      const two = overlapping(model, { same, from, to }, all);
      const [found] = await transaction.all(two, bind(two, {}));
      if (found) throw overlap(same, from, to, [found.one, found.other]);
    },
  };
}

/** Selects two rows of the table that overlap. */
function overlapping(model: Model, { same, from, to }: Exclusion, applies: Sql) {
  const { dialect, table } = model;
  const rows = sql`(select * from ${table} where ${applies})`;
  const of = (alias: string, name: string) => sql.ref(`${alias}.${name}`);
  const conditions = [
    ...same.map((name) => sql`${of('a', name)} = ${of('b', name)}`),
    sql`${of('a', from)} < ${of('b', to)}`,
    sql`${of('a', to)} > ${of('b', from)}`,
    sql`${of('a', 'id')} < ${of('b', 'id')}`,
  ];
  return statement(
    dialect,
    sql`select ${of('a', 'id')} as one, ${of('b', 'id')} as other from ${rows} as a join ${rows} as b on ${sql.join(conditions, ' and ')} limit 1`,
  );
}

function overlap(same: readonly string[], from: string, to: string, ids?: readonly unknown[]): Problem {
  const which = ids ? `Rows ${ids.join(' and ')} have` : 'Another row has';
  return new Problem('conflict', {
    detail: `${which} the same ${same.join(', ')}, and overlaps from ${from} to ${to}.`,
    errors: [from, to].map((name) => ({
      pointer: `/${name}`,
      code: 'overlap',
      message: `overlaps a row with the same ${same.join(', ')}`,
    })),
    data: { constraint: 'exclude', fields: [...same, from, to] },
  });
}
