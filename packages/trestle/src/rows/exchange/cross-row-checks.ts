import type { Dialect } from '../../database/dialect.ts';
import { type Sql, sql } from '../../database/sql.ts';
import { bind, param, type Statement, statement } from '../../database/statement.ts';
import type { Executor } from '../../database/store.ts';
import { tableName } from '../../database/tables.ts';
import type { FieldError } from '../../problems.ts';
import { ACCOUNTS_TABLE } from '../../schema/accounts.ts';
import type { StoredKind } from '../../schema/field-type.ts';
import type { Model } from '../model.ts';
import type { Candidate } from './candidate.ts';
import { fault } from './entries.ts';

/** Looks what candidates have to do with other rows: those they refer to, and those they may not be equal to. */
type Look = (executor: Executor, batch: readonly Candidate[]) => Promise<Map<Candidate, FieldError[]>>;

/** All checks of a resource's candidates against other rows, in the database and in the file itself. */
export function neighbourChecks(model: Model): Look {
  const single = model.fields.filter(({ field }) => field.unique).map(({ name }) => [name]);
  const looks = [
    ...model.fields.flatMap(({ name, kind, field, links }) => {
      const { reference, isAccount, relation } = field.type;
      if (relation?.kind === 'links' && links)
        return [referenceLook(model, name, links.kind, relation.resource)];
      const target = reference?.target ?? (isAccount ? 'accounts' : undefined);
      return target ? [referenceLook(model, name, kind, target)] : [];
    }),
    ...[['id'], ...single, ...model.resource.unique].map((group) => uniqueLook(model, group)),
  ];
  return async (executor, batch) => {
    const found = new Map<Candidate, FieldError[]>();
    for (const look of looks)
      for (const [candidate, error] of await look(executor, batch))
        found.set(candidate, [...(found.get(candidate) ?? []), error]);
    return found;
  };
}

type Found = readonly (readonly [Candidate, FieldError])[];
type OneLook = (executor: Executor, batch: readonly Candidate[]) => Promise<Found>;

/** Rows of the same resource that stand earlier in the file count as well. */
function referenceLook(model: Model, name: string, kind: StoredKind, target: string): OneLook {
  const isAccount = target === 'accounts';
  const find = valuesIn({ dialect: model.dialect }, isAccount ? ACCOUNTS_TABLE : target, 'id', kind);
  const own = target === model.name ? new Set<unknown>() : undefined;
  return async (executor, batch) => {
    const there = await find(
      executor,
      batch.flatMap(({ values }) => values[name]),
    );
    return batch.flatMap((candidate) => {
      if (candidate.errors.length > 0) return [];
      own?.add(candidate.values.id);
      const given = [candidate.values[name]].flat();
      const id = given.find(
        (each) => each !== null && each !== undefined && !there.has(each) && !own?.has(each),
      );
      if (id === undefined) return [];
      const what = isAccount ? 'no account' : `no row of ${target}`;
      return [
        [candidate, fault(`/${name}`, 'reference', `there is ${what} with the id ${String(id)}`)] as const,
      ];
    });
  };
}

/** Null is equal to nothing. */
function uniqueLook(model: Model, group: readonly string[]): OneLook {
  const lines = new Map<string, number>();
  const taken = takenIn(model, group);
  const pointer = `/${group.join(', ')}`;
  return async (executor, batch) => {
    const whole = batch.filter(
      ({ errors, values }) =>
        errors.length === 0 && group.every((name) => values[name] !== null && values[name] !== undefined),
    );
    const found: [Candidate, FieldError][] = [];
    for (const candidate of whole) {
      const key = JSON.stringify(group.map((name) => candidate.values[name]));
      const line = lines.get(key);
      if (line === undefined) lines.set(key, candidate.line);
      else found.push([candidate, fault(pointer, 'taken', `line ${line} has the same value`)]);
    }
    for (const candidate of await taken(executor, whole))
      found.push([candidate, fault(pointer, 'taken', 'another row has this value already')]);
    return found;
  };
}

type Taken = (executor: Executor, batch: readonly Candidate[]) => Promise<Candidate[]>;

/** One value is asked for by the batch, several together row by row. */
function takenIn(model: Model, group: readonly string[]): Taken {
  const [only, ...more] = group;
  if (only !== undefined && more.length === 0) {
    const find = valuesIn(
      only === 'id' ? { dialect: model.dialect } : model,
      tableName(model.name, model.resource),
      only,
      kindOf(model, only),
    );
    return async (executor, batch) => {
      const there = await find(
        executor,
        batch.map(({ values }) => values[only]),
      );
      return batch.filter(({ values }) => there.has(values[only]));
    };
  }
  const equal = group.map((name) => sql`${sql.ref(name)} = ${param(name)}`);
  const select: Statement = statement(
    model.dialect,
    sql`select 1 as found from ${model.table} where ${sql.join([...equal, model.live ?? sql`1 = 1`], ' and ')} limit 1`,
  );
  return async (executor, batch) => {
    const there: Candidate[] = [];
    for (const candidate of batch) {
      const bound = group.map(
        (name) => [name, model.dialect.encode(kindOf(model, name), candidate.values[name])] as const,
      );
      const rows = await executor.all(select, bind(select, Object.fromEntries(bound)));
      if (rows.length > 0) there.push(candidate);
    }
    return there;
  };
}

function kindOf(model: Model, name: string): StoredKind {
  return model.byName.get(name)?.kind ?? model.idKind;
}

/** Those of some values that a table's column has, in one statement. */
function valuesIn(
  { dialect, live = sql`1 = 1` }: { dialect: Dialect; live?: Sql | undefined },
  table: string,
  column: string,
  kind: StoredKind,
) {
  const within = dialect.within(sql.ref(column), sql`${param('values')}`, kind);
  const select = statement(
    dialect,
    sql`select ${sql.ref(column)} as value from ${sql.table(table)} where ${within} and ${live}`,
  );
  const decode = dialect.decoder(kind);
  return async (executor: Executor, values: readonly unknown[]): Promise<Set<unknown>> => {
    const asked = new Set(values.filter((value) => value !== null && value !== undefined));
    if (asked.size === 0) return new Set();
    const list = dialect.encodeList([...asked].map((value) => dialect.encode(kind, value)));
    const rows = await executor.all(select, bind(select, { values: list }));
    return new Set(rows.map(({ value }) => (decode && value !== null ? decode(value) : value)));
  };
}
