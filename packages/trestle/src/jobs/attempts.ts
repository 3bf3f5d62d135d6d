import type { JobRecord } from './job-table.ts';

/** Attempts of a job that are kept, the last. */
const MAX_KEPT = 20;

/**
 * How an attempt ended: `released` was given back by a process that closed, and does not count; `lost` has no end, since its process
 * was killed.
 */
type AttemptOutcome = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'released' | 'lost';

/** One attempt of a job. */
export interface Attempt {
  readonly number: number;
  /** Null of one of several that were lost in a row. */
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly outcome: AttemptOutcome;
  readonly error: string | null;
}

/** The attempts of a claimed job once this one has ended, as they are kept with it. Milliseconds since it was claimed. */
export function endedAttempts(
  record: JobRecord,
  milliseconds: number,
  { outcome, error = null }: { readonly outcome: AttemptOutcome; readonly error?: string | null },
): Attempt[] {
  const { attempt_at: started_at, attempts: number } = record;
  // By the database's clock, as its beginning.
  const finished_at =
    started_at === null ? null : new Date(Date.parse(started_at) + milliseconds).toISOString();
  return [...attemptsBefore(record), { number, started_at, finished_at, outcome, error }].slice(-MAX_KEPT);
}

/** The attempts of a job, the one under way last. Of a job that was enqueued by a version that kept none, those since. */
export function attemptsOf(record: JobRecord): Attempt[] {
  const { state, attempts, attempt_at } = record;
  if (state !== 'running') return kept(record);
  const running = {
    number: attempts,
    started_at: attempt_at,
    finished_at: null,
    outcome: 'running',
  } as const;
  return [...attemptsBefore(record), { ...running, error: null }];
}

/** The attempts before the one that a job was claimed for: those that ended, and those whose process said nothing any more. */
export function attemptsBefore(record: JobRecord): Attempt[] {
  const all = kept(record);
  const { attempts, previous_at } = record;
  const last = all.findLast(({ outcome }) => outcome !== 'released')?.number ?? 0;
  if (previous_at === null) return all;
  for (let number = last + 1; number < attempts; number += 1) {
    const started_at = number === attempts - 1 ? previous_at : null;
    all.push({ number, started_at, finished_at: null, outcome: 'lost', error: null });
  }
  return all;
}

function kept({ past_attempts }: JobRecord): Attempt[] {
  // Written by this module alone.
  return Array.isArray(past_attempts) ? ([...past_attempts] as unknown as Attempt[]) : [];
}
