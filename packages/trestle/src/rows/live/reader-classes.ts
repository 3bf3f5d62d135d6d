import { type Sql, sql } from '../../database/sql.ts';
import { bind, Param, param, statement } from '../../database/statement.ts';
import type { Executor } from '../../database/store.ts';
import type { Caller } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import { compileProjection, type Model, type ModelField, type Projection, type Row } from '../model.ts';
import { CallerValues } from '../policy.ts';
import { type RecordedView, recordedView } from '../relations/recorded-view.ts';
import { ME } from '../rules/compiled-rule.ts';

/** Callers who see a resource alike, but for their own account. */
export interface ReaderClass {
  readonly number: number;
  readonly namesCaller: boolean;
  /** Whether rows of other resources decide which fields it may read. */
  readonly looksElsewhere: boolean;
  readonly view: RecordedView;
  /** The fields that live lists are filtered by: those that the class may read in every row, as they are recorded. */
  readonly filterable: Pick<Projection, 'fields' | 'byName'>;
  /** The computed fields of rows as they are now, by id; undefined where there are none. */
  readonly computed: ReadComputed | undefined;
}

type ReadComputed = (
  caller: Caller,
  executor: Executor,
  ids: readonly RowId[],
) => Promise<ReadonlyMap<RowId, Row>>;

/** Tells the classes of callers of a live resource apart. */
export function readerClasses(model: Model): (caller: Caller) => ReaderClass {
  let classes = 0;
  return model.policy.perClass(['read'], (where, readable) => {
    classes += 1;
    const { fields } = readable;
    const computed = fields.filter(({ name }) => !model.byName.has(name));
    const filterable = fields.filter(({ name, condition }) => model.byName.has(name) && !condition);
    const conditions = fields.flatMap(({ condition }) => condition ?? []);
    const asked = [where, ...fields.flatMap(({ value, visible }) => [value, visible])];
    return {
      number: classes,
      namesCaller: asked.some((each) => each !== undefined && namesCaller(model, each)),
      looksElsewhere: conditions.some((condition) => !condition().isLocal),
      view: recordedView(model, readable),
      filterable: { fields: filterable, byName: new Map(filterable.map((field) => [field.name, field])) },
      computed: computed.length > 0 ? computedReader(model, computed) : undefined,
    };
  });
}

function namesCaller({ dialect }: Model, part: Sql): boolean {
  return statement(dialect, part).slots.some((slot) => slot instanceof Param && slot.name === ME);
}

function computedReader({ dialect, table, idKind }: Model, fields: readonly ModelField[]): ReadComputed {
  const { columns, decode } = compileProjection(fields, dialect, true);
  const among = dialect.within(sql.ref('id'), sql`${param(':ids')}`, idKind);
  const query = statement(dialect, sql`select ${columns} from ${table} where ${among}`);
  return async (caller, executor, ids) => {
    const values = { ':ids': dialect.encodeList([...new Set(ids)]) };
    const rows = await executor.all(query, bind(query, values, new CallerValues(caller)));
    return new Map(rows.map(decode).map((row) => [row.id, row]));
  };
}
