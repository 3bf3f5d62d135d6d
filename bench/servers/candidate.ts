import type { Operation, Requests } from '../suites/workload.ts';
import type { Installed } from './peers/install-peer.ts';
import type { Cores, ServerProcess } from './processes.ts';

/** The environment that a server is started in. */
export interface StartOptions {
  /** An empty folder of its own. */
  readonly folder: string;
  readonly port: number;
  readonly cores: Cores;
  /** Rows that are stored before it starts. */
  readonly rows: number;
  readonly workers: number;
  /** An empty PostgreSQL database of its own, for servers that use one. */
  readonly database: string | undefined;
}

/** A running server, and its request for each operation. */
export interface RunningServer extends ServerProcess {
  readonly requests: Requests;
}

/** One of the servers that are compared. */
export interface Candidate {
  readonly name: string;
  /** Title for the report. */
  readonly title: string;
  readonly store: 'sqlite' | 'postgres' | 'none';
  /** Whether its answers are fixed, so that there is nothing to check (default: false). */
  readonly fixed?: boolean;
  /** Name of the report's line for its figures, where several servers share one (default: its own name). */
  readonly line?: string;
  /** The server of another checkout that it is compared with as well. */
  readonly baseline?: string;
  /** The only operations it is timed for (default: all it has a request for). */
  readonly times?: readonly Operation[];
  /** Size of its installation (default: unknown). */
  installed?(): Installed;
  /** Seconds of load before an operation is timed (default: 2). */
  readonly warmUp?: number;
  start(options: StartOptions): Promise<RunningServer>;
  /** The row in an answer (default: the answer). */
  row?(answer: unknown): unknown;
  /** The rows in a list's answer (default: the answer). */
  rows?(answer: unknown): unknown;
}
