import { isNotifier, type Notifier } from '../../database/notifier.ts';
import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import type { Store } from '../../database/store.ts';
import { JOB_RESOURCES } from '../../jobs/job-table.ts';
import { compileSystemModels, SystemTable } from '../../rows/system-tables.ts';
import { uuid7 } from '../../rows/uuid7.ts';
import type { App } from '../../schema/app.ts';

const ASKED = 'log-lines-asked';
const ANSWERED = 'log-lines-answered';
const PREFIX = 'lines ';
/** Milliseconds for processes that nothing is known of yet, and for those that are known to run. */
const MIN_WAIT_MS = 200;
const MAX_WAIT_MS = 2000;
/** Answers that nobody took are removed after this many milliseconds. */
const LIFETIME_MS = 60_000;

/** Lines that are asked for. */
export interface LineQuery {
  readonly level?: string | undefined;
  readonly text?: string | undefined;
  readonly request?: string | undefined;
  readonly limit: number;
  /** Only lines after this instant of the process's own clock, by process (default: all). */
  readonly since?: Readonly<Record<string, string>> | undefined;
  /** Only lines after this instant, of processes that `since` does not name (default: all). */
  readonly started?: string | undefined;
}

/** Lines that one process is asked for. */
export type OwnLineQuery = Omit<LineQuery, 'since' | 'started'> & { readonly since?: string | undefined };

export type Line = Readonly<Record<string, unknown>>;

/** Lines of one process, and its clock when it answered. */
export interface ProcessLines {
  readonly process: string;
  readonly at: string;
  readonly lines: readonly Line[];
}

type FindLines = (query: OwnLineQuery) => Iterable<Line>;

/** The logs of the processes of an app on its database: each keeps its own, and the others ask for what they need. */
export interface SharedLines {
  /** Answers the other processes from now on. Returns what ends that. */
  answer(process: string, find: FindLines): () => void;
  /** Asks the other processes. Those of `expected` that are not in the answer did not answer in time. */
  ask(process: string, query: LineQuery, expected: readonly string[]): Promise<ProcessLines[]>;
}

/** Opens them where several processes may have the database and wake each other. */
export function openSharedLines(given: Store, { accounts }: Pick<App, 'accounts'>): SharedLines | undefined {
  if (!isNotifier(given)) return undefined;
  const store: Store & Notifier = given;
  const { clusters } = compileSystemModels(JOB_RESOURCES, accounts, store);
  const table = new SystemTable<(typeof JOB_RESOURCES)['clusters']>(clusters);
  const insert = table.insert();
  const take = table.delete(sql`name like ${param('answers')}`);
  const forget = table.delete(sql`name like ${sql.lit(`${PREFIX}%`)} and name < ${param('before')}`);

  async function answer(process: string, payload: string, find: FindLines) {
    const { id, from, query } = JSON.parse(payload);
    if (from === process) return;
    const members = answerOf(process, query, find);
    await store.write(async (transaction) => {
      await insert(transaction, { name: `${PREFIX}${id} ${process}`, members });
      await store.notify(transaction, ANSWERED, `${id} ${process}`);
    });
  }

  return {
    answer: (process, find) =>
      // Who asked goes on without this answer.
      store.listen(
        ASKED,
        (payload) => payload !== null && void answer(process, payload, find).catch(() => {}),
      ),
    async ask(process, query, expected) {
      const id = uuid7();
      await heardFrom(expected, {
        listen: (heard) =>
          store.listen(ANSWERED, (payload) => {
            if (payload?.startsWith(`${id} `)) heard(payload.slice(id.length + 1));
          }),
        ask: () =>
          store.write((transaction) =>
            store.notify(transaction, ASKED, JSON.stringify({ id, from: process, query })),
          ),
      });
      return store.write(async (transaction) => {
        // Ids begin with the milliseconds at which they were made (`uuid7`).
        const hex = (Date.now() - LIFETIME_MS).toString(16).padStart(12, '0');
        await forget(transaction, { before: `${PREFIX}${hex.slice(0, 8)}-${hex.slice(8)}` });
        const answers = await take(transaction, { answers: `${PREFIX}${id} %` });
        // What a row holds was written by `answer`.
        return answers.map(({ members }) => members as unknown as ProcessLines);
      });
    },
  };
}

/** Answer of a process to a query. */
export function answerOf(process: string, query: LineQuery, find: FindLines): ProcessLines {
  const { since, started, ...rest } = query;
  const at = new Date().toISOString();
  return { process, at, lines: [...find({ ...rest, since: since?.[process] ?? started })] };
}

interface Asking {
  /** Calls back with the name of each process that answers. Returns what ends that. */
  readonly listen: (heard: (process: string) => void) => () => void;
  readonly ask: () => Promise<void> | void;
}

/** Asks processes, and waits for all that are expected, and a moment for those that nothing is known of yet. */
export async function heardFrom(expected: readonly string[], { listen, ask }: Asking): Promise<void> {
  const missing = new Set(expected);
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const unlisten = listen((process) => {
    missing.delete(process);
    if (missing.size === 0) resolve();
  });
  try {
    await ask();
    await Promise.all([wait(MIN_WAIT_MS), missing.size > 0 && Promise.race([all, wait(MAX_WAIT_MS)])]);
  } finally {
    unlisten();
  }
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
