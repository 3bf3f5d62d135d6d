import type { Dialect } from '../database/dialect.ts';
import { type Sql, sql } from '../database/sql.ts';
import { param } from '../database/statement.ts';
import type { OperationState } from '../schema/services/operation-service.ts';

/** A condition on a job's row. */
type Guard = 'due' | 'expired' | 'named' | 'held' | 'wanted' | 'unwanted';

interface Transition {
  readonly event: string;
  readonly from: OperationState;
  readonly to: OperationState;
  /** All of them must be true. */
  readonly guard: readonly Guard[];
}

/**
 * The states of a job and every transition between them. All SQL that changes a job is made of this table.
 *
 *             enqueue
 *                |
 *                v              cancel
 *       +---> queued -----------------------+
 *       |        |                          |
 *       |        | claim                    |
 *       |        v              stop        v
 *       +---- running ----------------> cancelled
 *    retry     |  |  ^
 *   release    |  |  +-- renew, report, askToStop; claim, once the lease has expired
 *              |  |
 *      succeed |  | fail, exhaust
 *              v  v
 *      succeeded  failed
 *
 * `held` is the fence: only whoever claimed a job last may end it, and only while it runs. An ended job never changes.
 */
export const TRANSITIONS = [
  { event: 'claim', from: 'queued', to: 'running', guard: ['due'] },
  { event: 'claim', from: 'running', to: 'running', guard: ['expired'] },
  { event: 'renew', from: 'running', to: 'running', guard: ['held'] },
  { event: 'report', from: 'running', to: 'running', guard: ['held'] },
  { event: 'succeed', from: 'running', to: 'succeeded', guard: ['held', 'wanted'] },
  { event: 'fail', from: 'running', to: 'failed', guard: ['held', 'wanted'] },
  { event: 'exhaust', from: 'running', to: 'failed', guard: ['held', 'wanted'] },
  { event: 'retry', from: 'running', to: 'queued', guard: ['held', 'wanted'] },
  { event: 'release', from: 'running', to: 'queued', guard: ['held', 'wanted'] },
  { event: 'stop', from: 'running', to: 'cancelled', guard: ['held', 'unwanted'] },
  { event: 'askToStop', from: 'running', to: 'running', guard: ['named', 'wanted'] },
  { event: 'cancel', from: 'queued', to: 'cancelled', guard: ['named'] },
] as const satisfies readonly Transition[];

export type JobEvent = (typeof TRANSITIONS)[number]['event'];

interface TransitionSql {
  /** The assignments of each event. */
  readonly sets: Readonly<Record<JobEvent, Sql>>;
  /** The condition of an event on the job's row, its state included. */
  where(event: JobEvent): Sql;
}

/** The SQL of every transition, in a dialect. */
export function transitionSql({ clock, now }: Dialect): TransitionSql {
  const inSeconds = (name: string) => sql`${clock} + ${param(name)}`;
  const guards: Record<Guard, Sql> = {
    // A pause that is longer than any was begun before the clock was set back.
    due: sql`(due <= ${clock} or (attempts > 0 and due > ${inSeconds('maxPause')}))`,
    expired: sql`lease < ${clock}`,
    named: sql`id = ${param('id')}`,
    held: sql`id = ${param('id')} and fence = ${param('fence')}`,
    wanted: sql`cancel = 0`,
    unwanted: sql`cancel = 1`,
  };
  const changed = sql`changes = changes + 1`;
  const past = sql`past_attempts = ${param('past_attempts')}`;
  const queued = sql`state = 'queued', lease = null, ${past}, ${changed}`;
  const ended = sql`key = null, turn = null, lease = null, finished_at = ${now}, ${changed}`;
  return {
    sets: {
      // The attempt is counted here, so that a crash counts as one.
      claim: sql`state = 'running', fence = fence + 1, attempts = attempts + 1, lease = ${inSeconds('lease')},
        started_at = coalesce(started_at, ${now}), previous_at = attempt_at, attempt_at = ${now}, ${changed}`,
      renew: sql`lease = ${inSeconds('lease')}`,
      report: sql`progress = ${param('progress')}, message = ${param('message')}, lease = ${inSeconds('lease')}, ${changed}`,
      succeed: sql`state = 'succeeded', progress = 1, result = ${param('result')}, error = null, ${past}, ${ended}`,
      fail: sql`state = 'failed', error = ${param('error')}, ${past}, ${ended}`,
      // The claim that found the attempts used up was none.
      exhaust: sql`state = 'failed', attempts = attempts - 1, error = ${param('error')}, ${past}, ${ended}`,
      retry: sql`${queued}, error = ${param('error')}, due = ${inSeconds('pause')}`,
      release: sql`${queued}, attempts = attempts - 1, due = 0`,
      stop: sql`state = 'cancelled', ${past}, ${ended}`,
      askToStop: sql`cancel = 1, ${changed}`,
      cancel: sql`state = 'cancelled', cancel = 1, ${ended}`,
    },
    where(event) {
      const ways = TRANSITIONS.filter((one) => one.event === event).map(({ from, guard }) => {
        const conditions = [sql`state = ${sql.lit(from)}`, ...guard.map((name) => guards[name])];
        return sql`(${sql.join(conditions, ' and ')})`;
      });
      return sql`(${sql.join(ways, ' or ')})`;
    },
  };
}
