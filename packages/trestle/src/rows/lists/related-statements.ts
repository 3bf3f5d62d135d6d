import { type Sql, sql } from '../../database/sql.ts';
import type { ReadCost, Value } from '../../database/store.ts';
import { FifoMap } from '../../fifo-map.ts';
import type { Caller } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import { flagOf, type Model, type ModelField } from '../model.ts';
import { type BoundStatement, bindShaped, type ShapedStatement, shapedStatement } from './bound-statement.ts';
import { Slot } from './filter-sql.ts';
import type { ClassLists, ListPlan } from './list-plan.ts';
import { boundsOf, orderBy, withSortKeys } from './order.ts';
import { PLACE, type UnionPart } from './union.ts';

const MAX_STATEMENTS = 300;

/** Rows of a list by their ids; or the first of each of many parents, by the field that refers to these. */
export interface RelatedQuery {
  readonly plan: ListPlan;
  readonly ids: readonly RowId[];
  /** The field that refers to the parents; undefined where the ids are the rows' own. */
  readonly by: string | undefined;
}

/** The rows of a list that belong to others, for a class of callers: one statement however many the others are. */
export class RelatedStatements {
  readonly #model: Model;
  readonly #number: number;
  readonly #cost: (rows: number) => ReadCost | undefined;
  readonly #statements = new FifoMap<string, ShapedStatement>(MAX_STATEMENTS);

  constructor(
    { model, number }: Pick<ClassLists, 'model' | 'number'>,
    cost: (rows: number) => ReadCost | undefined,
  ) {
    this.#model = model;
    this.#number = number;
    this.#cost = cost;
  }

  /** The rows that are asked for, those of a parent in the order of the list. */
  bind(asked: RelatedQuery, caller: Caller): BoundStatement {
    const key = `${asked.by ?? ''} ${asked.plan.shape}`;
    let shaped = this.#statements.get(key);
    if (!shaped) {
      shaped = shapedStatement(this.#model.dialect, this.#select(asked, false));
      this.#statements.set(key, shaped);
    }
    return {
      statement: shaped.statement,
      values: bindShaped(shaped, this.#values(asked), caller),
      cost: this.#costOf(asked),
    };
  }

  /** The same rows as a part of a union. */
  part(asked: RelatedQuery): UnionPart {
    const { plan, by } = asked;
    return {
      key: `${this.#number} ${by ?? ''} ${plan.shape}`,
      query: () => this.#select(asked, this.#isPlaced(by)),
      columns: () => {
        const { fields } = plan.fields;
        const flags = fields.filter(({ visible }) => visible);
        return [
          { name: 'id', kind: this.#model.idKind },
          ...fields.map(({ name, kind }) => ({ name, kind })),
          ...flags.map(({ name }) => ({ name: flagOf(name), kind: 'boolean' as const })),
        ];
      },
      fields: plan.fields,
      isPlaced: this.#isPlaced(by),
      values: this.#values(asked),
      cost: this.#costOf(asked),
    };
  }

  #values({ plan, ids, by }: RelatedQuery): Value[] {
    const bounds = by === undefined ? [] : [plan.limit, plan.query.offset ?? 0];
    return [...plan.values, this.#model.dialect.encodeList(ids), ...bounds];
  }

  #costOf({ plan, ids, by }: RelatedQuery): ReadCost | undefined {
    return this.#cost(ids.length * (by === undefined ? 1 : plan.limit + (plan.query.offset ?? 0)));
  }

  /** Whether the order of rows is told by a column, since a union has none. */
  #isPlaced(by: string | undefined): boolean {
    return by !== undefined && !this.#model.dialect.keepsOrderInUnion;
  }

  #select({ plan, by }: RelatedQuery, isPlaced: boolean): Sql {
    if (by !== undefined) return this.#selectChildren(plan, by, isPlaced);
    const { dialect, idKind, table } = this.#model;
    const among = dialect.within(sql.ref('id'), sql`${new Slot(plan.values.length)}`, idKind);
    return sql`select ${plan.fields.columns} from ${table} where ${sql.join([among, ...plan.conditions], ' and ')}`;
  }

  #selectChildren(
    { fields, conditions, sort, values, query }: ListPlan,
    field: string,
    isPlaced: boolean,
  ): Sql {
    const model = this.#model;
    const reference = model.byName.get(field);
    if (!reference?.type.reference && !reference?.field.type.isAccount)
      throw new TypeError(`${model.name}.${field} is no reference(), so there are no children by it`);
    const slot = (at: number) => new Slot(values.length + at);
    const bounds = boundsOf({
      limit: sql.rowCount(slot(1)),
      offset: query.offset ? sql.rowCount(slot(2)) : undefined,
    });
    const ofParent = sql.join([sql`${sql.ref(field)} = ${sql.ref('parent.value')}`, ...conditions], ' and ');
    // Each parent reads its own part of the (parent, order, id) index and stops after `limit` rows. PostgreSQL has to be told
    // so by a lateral join: before version 17 it reads all children for each parent (60,000 of 100 parents: 4 s against 1 ms).
    const firstOf = (columns: Sql) => sql`select ${columns} from ${model.table}
    where ${ofParent} order by ${orderBy(sort, false)} ${bounds}`;
    const child = sql.id('child');
    const children = model.dialect.lateral
      ? sql`cross join lateral (${firstOf(withSortKeys(fields, sort))}) as ${child}`
      : sql`join ${model.table} as ${child} on ${sql.ref('child.id')} in (${firstOf(sql.ref('id'))})`;
    const parents = sql`${model.dialect.listed(sql`${slot(0)}`, reference.kind)} as ${sql.id('parent')}`;
    const ofChild = ({ name, expression }: ModelField) =>
      expression && !model.dialect.lateral ? expression(child) : sql.ref(`child.${name}`);
    const columns = fields.fields.map((each) => sql`${ofChild(each)} as ${sql.id(each.name)}`);
    for (const { name, visibility } of fields.fields) {
      const flag = flagOf(name);
      if (!visibility) continue;
      const visible = model.dialect.lateral ? sql.ref(`child.${flag}`) : visibility(child);
      columns.push(sql`${visible} as ${sql.id(flag)}`);
    }
    const order = sql`order by ${orderBy(sort, false, ofChild)}`;
    if (isPlaced) columns.push(sql`row_number() over (${order}) as ${sql.id(PLACE)}`);
    return sql`select ${sql.join([sql.ref('child.id'), ...columns])} from ${parents} ${children}
      ${isPlaced ? sql`` : order}`;
  }
}
