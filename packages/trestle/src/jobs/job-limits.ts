/** Part of the work of an app that a process takes. */
export type Role = 'serve' | 'work' | 'schedule';

export const ROLES: readonly Role[] = ['serve', 'work', 'schedule'];

/** Limits and times of jobs, in seconds. All processes of an app should have the same. */
export interface JobLimits {
  /** Maximum jobs that this process runs at once (default: 8). */
  readonly concurrency: number;
  /** Maximum jobs of one caller that this process runs at once, so that others are not kept waiting (default: 4). */
  readonly perCaller: number;
  /** After this time a silent process's job is taken over (default: 30). */
  readonly lease: number;
  /** Time between renewals of a lease (default: 10). */
  readonly heartbeat: number;
  /** Time between looks for jobs that nobody told of (default: 1). */
  readonly poll: number;
  /** Attempts before a job has failed, where its declaration says nothing else (default: 5). */
  readonly attempts: number;
  /** Pause after a failed attempt, by its number; at most `MAX_PAUSE` (default: e^n). */
  readonly pause: (attempt: number) => number;
  /** Maximum time of one attempt, where its declaration says nothing else (default: 3,600). */
  readonly timeout: number;
  /** Time that code has to end after its signal has aborted, before it is left to itself (default: 1). */
  readonly grace: number;
  /** Maximum time that closing waits for running jobs (default: 8). */
  readonly closing: number;
  /** Time between two writes of progress (default: 0.2). */
  readonly progress: number;
  /** Time that ended jobs are kept (default: 30 days). */
  readonly retention: number;
  /** Maximum event streams open at once, for each caller and in all (default: 5, 1,000). */
  readonly streams: { readonly perCaller: number; readonly all: number };
}

export const DEFAULT_LIMITS: JobLimits = {
  concurrency: 8,
  perCaller: 4,
  lease: 30,
  heartbeat: 10,
  poll: 1,
  attempts: 5,
  pause: Math.exp,
  timeout: 3600,
  grace: 1,
  closing: 8,
  progress: 0.2,
  retention: 30 * 86_400,
  streams: { perCaller: 5, all: 1000 },
};

/** Maximum seconds between two attempts of a job. */
export const MAX_PAUSE = 600;
