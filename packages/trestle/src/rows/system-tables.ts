import { type Sql, sql } from '../database/sql.ts';
import { Param, param, statement } from '../database/statement.ts';
import type { Columns, Executor, Store, Value } from '../database/store.ts';
import { Problem } from '../problems.ts';
import type { Accounts } from '../schema/accounts.ts';
import type { Context } from '../schema/caller.ts';
import type { RowId } from '../schema/id.ts';
import type { Resource } from '../schema/resource.ts';
import type { Resources, RowOf } from '../schema/row-types.ts';
import type { Condition, ListQuery, Page } from '../schema/services/list-query.ts';
import type { Versioned } from '../schema/services/row-service.ts';
import type { Cursors } from './lists/list.ts';
import { listsOf, listVerbs } from './lists/list.ts';
import { compileModels, compileProjection, type Model, type Projection, type Restrict } from './model.ts';
import { peeker } from './read.ts';

/** A table of the engine, compiled from its declaration. */
export interface SystemModel {
  /** All of its columns, for the engine's own code. */
  readonly record: Model;
  /** Without the hidden fields, for everything that callers see. */
  readonly view: Model;
}

/** Compiles the tables of the engine, which may refer to each other by name. */
export function compileSystemModels<Rs extends Resources>(
  resources: Rs,
  accounts: Accounts,
  { dialect }: Pick<Store, 'dialect'>,
): { readonly [K in keyof Rs]: SystemModel } {
  const shown = Object.entries<Resource>(resources).map(([name, resource]) => {
    const fields = Object.entries(resource.fields).filter(([key]) => !resource.hidden?.includes(key));
    return [name, { ...resource, fields: Object.fromEntries(fields) }] as const;
  });
  const views = compileModels(Object.fromEntries(shown), accounts, dialect);
  const models = [...compileModels(resources, accounts, dialect)].flatMap(([name, record]) => {
    const view = views.get(name);
    return view ? [[name, { record, view }] as const] : [];
  });
  // Object.fromEntries forgets the names; they are the resources' own.
  return Object.fromEntries(models) as { readonly [K in keyof Rs]: SystemModel };
}

/** A model without fields that the path of its list says already. */
export function without(model: Model, ...hidden: readonly string[]): Model {
  const shown = ({ name }: { name: string }) => !hidden.includes(name);
  const { documented } = model;
  return {
    ...model,
    fields: model.fields.filter(shown),
    byName: new Map([...model.byName].filter(([name]) => !hidden.includes(name))),
    documented: { ...documented, fields: documented.fields.filter(shown) },
  };
}

/** A list of rows that have these values. Throws `invalid_query` where it is filtered by those fields itself. */
export function narrowed(query: ListQuery = {}, values: Readonly<Record<string, Value>>): ListQuery {
  const filter: Record<string, Condition<unknown>> = {};
  for (const [name, value] of Object.entries(values)) {
    if (query.filter && name in query.filter)
      throw new Problem('invalid_query', { detail: `filter[${name}]: the path says it already.` });
    filter[name] = { eq: value };
  }
  return { ...query, filter: Object.assign(filter, query.filter) };
}

/** Reads of a system table: the lists, filters, cursors and rules of any resource. */
export interface SystemReads<Row> {
  list(context: Context, query?: ListQuery, cursor?: string): Promise<Page<Row>>;
  read(context: Context, id: RowId): Promise<Versioned<Row>>;
}

/**
 * Opens the reads of a system table. `Row` is the type of the view.
 *
 * @param restrict leaves rows out of every list, whatever the rule says (default: none).
 */
export function systemReads<Row>(
  { view }: SystemModel,
  store: Store,
  cursors: Cursors,
  restrict?: Restrict,
): SystemReads<Row> {
  const model = restrict ? { ...view, restrict } : view;
  // The rows have the columns that the view was declared with; no type can follow that.
  return {
    list: listVerbs(listsOf(model), store, cursors).list,
    read: peeker(model, store),
  } as unknown as SystemReads<Row>;
}

/** Runs a statement: named values in, decoded rows out. */
export type Run<Row> = (executor: Executor, values?: Values) => Promise<Row[]>;
type Values = Readonly<Record<string, unknown>>;

/** Statements of the engine's own code on one of its tables, compiled once; no rule is asked. */
export class SystemTable<R extends Resource> {
  readonly model: Model;

  constructor({ record }: SystemModel) {
    this.model = record;
  }

  get name(): Sql {
    return this.model.table;
  }

  /** `select` of all columns. */
  select(tail: Sql): Run<RowOf<R>> {
    return this.rows(sql`select ${this.model.columns} from ${this.name} ${tail}`);
  }

  /** `select` of the id and of these columns alone. */
  pick<Name extends keyof RowOf<R> & string>(
    names: readonly Name[],
    tail: Sql,
  ): Run<Pick<RowOf<R>, 'id' | Name>> {
    const fields = this.model.fields.filter(({ name }) => names.some((each) => each === name));
    const { columns, decodes, decode } = compileProjection(fields, this.model.dialect);
    // The rows have these columns of the declaration that `R` is the type of.
    const toRow = decode as unknown as (columns: Columns) => Pick<RowOf<R>, 'id' | Name>;
    return this.#compile(sql`select ${columns} from ${this.name} ${tail}`, decodes ? toRow : undefined);
  }

  /** `select` of what a class of callers sees. `Row` is the type of its rows. */
  project<Row>({ versionedColumns, decodeVersioned }: Projection, tail: Sql): Run<Versioned<Row>> {
    // No type can follow which fields a class sees.
    const decode = decodeVersioned as unknown as (columns: Columns) => Versioned<Row>;
    return this.#compile(sql`select ${versionedColumns} from ${this.name} ${tail}`, decode);
  }

  /** `select` of all columns, with a JSON array of another table as one more member. */
  selectWith<Name extends string>(
    name: Name,
    array: Sql,
    tail: Sql,
  ): Run<RowOf<R> & { readonly [K in Name]: readonly string[] }> {
    const query = sql`select ${this.model.columns}, ${array} as ${sql.ref(name)} from ${this.name} ${tail}`;
    const toArray = this.model.dialect.decoder('json') ?? ((value) => value);
    const { decode } = this.model;
    return this.#compile(query, (columns) => {
      const value = columns[name];
      // The rows have the columns of the declaration that `R` is the type of, and this one.
      return { ...decode(columns), [name]: value === null ? [] : toArray(value) } as unknown as RowOf<R> & {
        readonly [K in Name]: readonly string[];
      };
    });
  }

  /** `insert` of a whole row, its id too unless that counts up. `tail` may say what happens on a conflict. */
  insert(tail: Sql = sql``): Run<RowOf<R>> {
    const { fields, resource } = this.model;
    const names = [...(resource.id.kind === 'integer' ? [] : ['id']), ...fields.map(({ name }) => name)];
    const columns = sql.join(names.map((name) => sql.ref(name)));
    const values = sql.join(names.map((name) => sql`${param(name)}`));
    return this.rows(
      sql`insert into ${this.name} (${columns}) values (${values}) ${tail} returning ${this.model.columns}`,
    );
  }

  /** `update` of these columns to the values of their names. */
  update(names: readonly (keyof RowOf<R> & string)[], where: Sql): Run<RowOf<R>> {
    const sets = names.map((name) => sql`${sql.ref(name)} = ${param(name)}`);
    return this.change(sql.join(sets), where);
  }

  /** `update` with any assignments; the version goes up. */
  change(sets: Sql, where: Sql): Run<RowOf<R>> {
    const version = sql.ref('_version');
    return this.rows(
      sql`update ${this.name} set ${sets}, ${version} = ${version} + 1 where ${where} returning ${this.model.columns}`,
    );
  }

  delete(where: Sql): Run<RowOf<R>> {
    return this.rows(sql`delete from ${this.name} where ${where} returning ${this.model.columns}`);
  }

  /** Any statement that answers no rows, such as one that may delete very many. */
  execute(query: Sql): (executor: Executor, values?: Values) => Promise<void> {
    const run = this.rows(query);
    return async (executor, values) => void (await run(executor, values));
  }

  /** Any statement that answers all columns. */
  rows(query: Sql): Run<RowOf<R>> {
    const { decodes, decode } = this.model;
    // The rows have the columns of the declaration that `R` is the type of.
    return this.#compile(query, decodes ? (decode as (columns: Columns) => RowOf<R>) : undefined);
  }

  /** @param decode makes a row of what the driver gives (default: that is the row). */
  #compile<Row>(query: Sql, decode: ((columns: Columns) => Row) | undefined): Run<Row> {
    const { dialect, byName } = this.model;
    const compiled = statement(dialect, query);
    const slots = compiled.slots.map((slot) =>
      slot instanceof Param ? { ...slot, kind: byName.get(slot.name)?.kind } : { fixed: slot },
    );
    return async (executor, values = {}) => {
      const bound: Value[] = [];
      for (const slot of slots) {
        const value = 'fixed' in slot ? slot.fixed : values[slot.name];
        if (value === undefined) throw new TypeError(`a parameter has no value: ${compiled.sql}`);
        // What belongs to no column is a value of the driver already.
        bound.push('kind' in slot && slot.kind ? dialect.encode(slot.kind, value) : (value as Value));
      }
      const rows = await executor.all(compiled, bound);
      return decode ? rows.map(decode) : (rows as Row[]);
    };
  }
}
