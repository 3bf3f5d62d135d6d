import type { ColumnType, Dialect } from '../../database/dialect.ts';
import { type Sql, sql } from '../../database/sql.ts';
import type { Columns, ReadCost, Value } from '../../database/store.ts';
import { FifoMap } from '../../fifo-map.ts';
import type { Caller } from '../../schema/caller.ts';
import type { Projection, Row } from '../model.ts';
import { type BoundStatement, bindShaped, type ShapedStatement, shapedStatement } from './bound-statement.ts';
import { Slot } from './filter-sql.ts';

const MAX_UNIONS = 100;

/** The column of a row's place in the order of its part: no field has such a name. */
export const PLACE = '_place';
const PART = '_part';

/** A query whose rows are read in one statement with those of others. */
export interface UnionPart {
  /** Another for each text of the query. */
  readonly key: string;
  readonly query: () => Sql;
  /** Its columns, but for PLACE. */
  readonly columns: () => readonly ColumnType[];
  readonly fields: Projection;
  /** Whether PLACE tells the order of its rows. */
  readonly isPlaced: boolean;
  /** The values of its slots. */
  readonly values: readonly Value[];
  readonly cost: ReadCost | undefined;
}

interface Union {
  readonly shaped: ShapedStatement;
  /** Makes the rows of each part. */
  readonly decoders: readonly ((row: Columns) => Row)[];
}

/** Statements that read the rows of several queries. */
export class Unions {
  readonly #dialect: Dialect;
  readonly #known = new FifoMap<string, Union>(MAX_UNIONS);

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** The statement, and what tells the rows of each part apart. */
  bind(
    parts: readonly UnionPart[],
    caller: Caller,
  ): { bound: BoundStatement; rowsOf: (found: Columns[]) => Row[][] } {
    const key = parts.map((part) => part.key).join('\n');
    const { shaped, decoders } = this.#known.get(key) ?? this.#compile(key, parts);
    const values = parts.flatMap((part) => part.values);
    return {
      bound: {
        statement: shaped.statement,
        values: bindShaped(shaped, values, caller),
        cost: parts.find(({ cost }) => cost)?.cost,
      },
      rowsOf(found) {
        const rows: Row[][] = decoders.map(() => []);
        const isPlaced = parts.some((part) => part.isPlaced);
        if (isPlaced) found.sort((a, b) => Number(a[PLACE]) - Number(b[PLACE]));
        for (const row of found) {
          const part = Number(row[PART]);
          const decode = decoders[part];
          if (decode) rows[part]?.push(decode(row));
        }
        return rows;
      },
    };
  }

  #compile(key: string, parts: readonly UnionPart[]): Union {
    const shared: ColumnType[] = [];
    const { columnType } = this.#dialect;
    // Parts share the columns of a type: with columns of their own, the rows of three were three times as wide, and a page took a
    // quarter longer on both databases (docs/performance.md, Related rows).
    const names = parts.map((part) => {
      const own = new Map<ColumnType, string>();
      for (const { name, kind } of part.columns()) {
        const free = shared.find((each) => columnType(each.kind) === columnType(kind) && !own.has(each));
        const column = free ?? { name: `c${shared.length}`, kind };
        if (!free) shared.push(column);
        own.set(column, name);
      }
      return own;
    });
    const isPlaced = parts.some((part) => part.isPlaced);
    let slots = 0;
    const selects = parts.map((each, part) => {
      const typed = (name: string | undefined, kind: ColumnType['kind']) =>
        this.#dialect.typed(name === undefined ? sql`null` : sql.ref(name), kind);
      const columns = shared.map(
        (column) => sql`${typed(names[part]?.get(column), column.kind)} as ${sql.id(column.name)}`,
      );
      const before = slots;
      const rows = sql.mapValues(each.query(), (value) =>
        value instanceof Slot ? new Slot(before + value.at) : value,
      );
      slots += each.values.length;
      if (isPlaced)
        columns.push(sql`${typed(each.isPlaced ? PLACE : undefined, 'integer')} as ${sql.id(PLACE)}`);
      return sql`select ${sql.lit(part)} as ${sql.id(PART)}, ${sql.join(columns)} from (${rows}) as ${sql.id('rows')}`;
    });
    const union = {
      shaped: shapedStatement(this.#dialect, sql.join(selects, ' union all ')),
      decoders: parts.map(({ fields }, part) => {
        const shares = [...(names[part] ?? [])];
        return fields.decoderOf((name) => shares.find(([, own]) => own === name)?.[0].name ?? name);
      }),
    };
    this.#known.set(key, union);
    return union;
  }
}
