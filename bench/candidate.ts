import type { Installed } from './install-peer.ts';
import type { Cores, ServerProcess } from './processes.ts';
import type { Operation, Requests } from './workload.ts';

/** What a server is started with. */
export interface Ground {
  /** An empty folder of its own. */
  readonly folder: string;
  readonly port: number;
  readonly cores: Cores;
  /** Rows to be there before it starts. */
  readonly rows: number;
  readonly workers: number;
  /** An empty PostgreSQL database of its own, for those that keep their rows in one. */
  readonly database: string | undefined;
}

/** A server that runs, and how each operation is said to it. */
export interface Running extends ServerProcess {
  readonly requests: Requests;
}

/** One of the servers that are compared. */
export interface Candidate {
  readonly name: string;
  /** What it is, for the report. */
  readonly title: string;
  readonly store: 'sqlite' | 'postgres' | 'none';
  /** Whether its answers are fixed, so that there is nothing to check (default: false). */
  readonly fixed?: boolean;
  /** The line of the report its figures stand in, where that is another's (default: its own). */
  readonly line?: string;
  /** The only operations it is timed for (default: all it has a request for). */
  readonly times?: readonly Operation[];
  /** What had to be installed for it (default: not known). */
  installed?(): Installed;
  /** Seconds of load before an operation is timed (default: 2). */
  readonly warmUp?: number;
  start(ground: Ground): Promise<Running>;
  /** The row in an answer (default: the answer). */
  row?(answer: unknown): unknown;
  /** The rows in a list's answer (default: the answer, or its `items`). */
  rows?(answer: unknown): unknown;
}
