import type { Dialect } from '../database/dialect.ts';
import { type Sql, sql } from '../database/sql.ts';
import { param, statement } from '../database/statement.ts';
import { MOVES, OPERATION_COLUMNS, OPERATIONS } from './tables.ts';

const table = sql.id(OPERATIONS);
const columns = sql.join(OPERATION_COLUMNS.map((name) => sql.ref(name)));

/** Every statement of operations, compiled for a dialect. Each that writes answers the operations it changed. */
export function compileStatements(dialect: Dialect) {
  const { clock } = dialect;
  const compile = (query: Sql) => statement(dialect, query);
  const later = (name: string) => sql`${clock} + ${param(name)}`;
  const ended = sql`active = null, lease = null, finished_at = ${param('now')}, changes = changes + 1`;
  /** Only whoever claimed it last, and only while it runs: the fence that every write of a run passes. */
  const held = sql`id = ${param('id')} and fence = ${param('fence')} and state = 'running'`;
  const abandoned = sql`state = 'running' and lease < ${clock}`;
  const update = (sets: Sql, where: Sql) =>
    compile(sql`update ${table} set ${sets} where ${where} returning ${columns}`);
  return {
    byId: compile(sql`select ${columns} from ${table} where id = ${param('id')}`),
    active: compile(sql`select ${columns} from ${table} where active = ${param('active')}`),
    /** Accepts an operation, unless one is under way on the same row. */
    insert: compile(sql`insert into ${table}
      (id, resource, ${sql.ref('row')}, operation, state, active, progress, attempts, fence, changes, cancel, due, account, created_at)
      values (${param('id')}, ${param('resource')}, ${param('row')}, ${param('operation')}, 'queued', ${param('active')},
        0, 0, 0, 1, 0, ${clock}, ${param('account')}, ${param('now')})
      on conflict (active) do nothing returning ${columns}`),
    /** Whether there is anything to claim: a read, so that an idle process writes nothing. */
    claimable: compile(sql`select 1 as found from ${table}
      where (state = 'queued' and due <= ${clock}) or (${abandoned}) limit 1`),
    claim: update(
      sql`state = 'running', fence = fence + 1, attempts = attempts + 1, changes = changes + 1,
        lease = ${later('lease')}, started_at = coalesce(started_at, ${param('now')})`,
      sql`id = (select id from ${table} where (state = 'queued' and due <= ${clock}) or (${abandoned})
        order by due, id limit 1 ${dialect.skipLocked})`,
    ),
    /** Ends what was asked to stop while nobody ran it any more. */
    cancelAbandoned: update(sql`state = 'cancelled', ${ended}`, sql`${abandoned} and cancel = 1`),
    /** Ends what has been interrupted in every one of its attempts. */
    exhaust: update(
      sql`state = 'failed', error = ${param('error')}, ${ended}`,
      sql`${abandoned} and attempts >= ${param('most')}`,
    ),
    renew: update(sql`lease = ${later('lease')}`, held),
    progress: update(
      sql`progress = ${param('progress')}, message = ${param('message')}, lease = ${later('lease')}, changes = changes + 1`,
      held,
    ),
    succeed: update(
      sql`state = 'succeeded', progress = 1, result = ${param('result')}, error = null, ${ended}`,
      sql`${held} and cancel = 0`,
    ),
    fail: update(sql`state = 'failed', error = ${param('error')}, ${ended}`, sql`${held} and cancel = 0`),
    retry: update(
      sql`state = 'queued', lease = null, error = ${param('error')}, due = ${later('pause')}, changes = changes + 1`,
      sql`${held} and cancel = 0`,
    ),
    /** Gives it back as if it had not been claimed: the server stops. */
    release: update(
      sql`state = 'queued', lease = null, attempts = attempts - 1, due = ${clock}, changes = changes + 1`,
      sql`${held} and cancel = 0`,
    ),
    cancelHeld: update(sql`state = 'cancelled', ${ended}`, sql`${held} and cancel = 1`),
    cancelQueued: update(
      sql`state = 'cancelled', cancel = 1, ${ended}`,
      sql`id = ${param('id')} and state = 'queued'`,
    ),
    askToStop: update(
      sql`cancel = 1, changes = changes + 1`,
      sql`id = ${param('id')} and state = 'running' and cancel = 0`,
    ),
    forget: compile(sql`delete from ${table} where finished_at < ${param('before')} returning id`),
    insertMove: compile(sql`insert into ${sql.id(MOVES)}
      (resource, ${sql.ref('row')}, from_state, to_state, operation, account, at)
      values (${param('resource')}, ${param('row')}, ${param('from')}, ${param('to')}, ${param('operation')},
        ${param('account')}, ${param('now')})`),
    moves: compile(sql`select from_state, to_state, operation, account, at from ${sql.id(MOVES)}
      where resource = ${param('resource')} and ${sql.ref('row')} = ${param('row')} order by id desc limit 1000`),
  };
}

export type Statements = ReturnType<typeof compileStatements>;
