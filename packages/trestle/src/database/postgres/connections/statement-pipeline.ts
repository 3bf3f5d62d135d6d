import type { Statement } from '../../statement.ts';
import type { Columns, Value } from '../../store.ts';
import { spoilsSession } from '../faults.ts';
import type { Session } from './connection-pool.ts';
import { inOneTransaction } from './shared-transaction.ts';

interface Options {
  /** Most statements that share a connection. */
  readonly most: number;
  /** They share a transaction, and its commit; where that is undone, this runs each in its own (default: that they always have). */
  readonly alone?: StatementPipeline;
  /** Longest wait for an answer, in ms (0: for ever). */
  readonly patience: number;
  /** Takes a connection, and gives it back. */
  readonly take: () => Promise<Session>;
  readonly give: (session: Session, spoiled: boolean) => void;
  readonly run: (session: Session, statement: Statement, values: readonly Value[]) => Promise<Columns[]>;
}

interface Asked {
  readonly statement: Statement;
  readonly values: readonly Value[];
  readonly locks: string;
  readonly resolve: (rows: Columns[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends the statements of one tick of the event loop down one connection, none waiting for the answer of the one before:
 * they share their system calls. 32 readers at a time cost 11 µs a read so, and 21 with a connection for each. Those that wait
 * for a connection are sent together once there is one. Every statement fails alone.
 */
export class StatementPipeline {
  readonly #options: Options;
  readonly #asked: Asked[] = [];
  /** Connections that are waited for. */
  #awaited = 0;
  #isScheduled = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** @param locks the row that the statement locks: a shared transaction locks its rows in the order of these names. */
  run(statement: Statement, values: readonly Value[], locks = ''): Promise<Columns[]> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ statement, values, locks, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        while (this.#awaited * this.#options.most < this.#asked.length) void this.#together();
      });
    });
  }

  async #together(): Promise<void> {
    const { most, alone, take, give } = this.#options;
    this.#awaited += 1;
    let session: Session;
    try {
      session = await take();
    } catch (error) {
      // It was asked for when these had to wait.
      for (const { reject } of this.#asked.splice(0, most)) reject(error);
      return;
    } finally {
      this.#awaited -= 1;
    }
    const group = this.#asked.splice(0, most);
    const isShared = alone && group.length > 1;
    const spoiled = isShared ? await this.#shared(session, group, alone) : await this.#each(session, group);
    give(session, spoiled);
  }

  /** Runs each as a transaction of its own. Tells whether the connection is spoiled. */
  async #each(session: Session, group: readonly Asked[]): Promise<boolean> {
    let spoiled = false;
    const { stream } = session.connection;
    stream.cork();
    const answers = group.map(async ({ statement, values, resolve, reject }) => {
      try {
        resolve(await this.#options.run(session, statement, values));
      } catch (error) {
        spoiled ||= spoilsSession(error);
        reject(error);
      }
    });
    stream.uncork();
    await Promise.all(answers);
    return spoiled;
  }

  /** Runs all in one transaction, which locks their rows in one order, so that no two such transactions are a deadlock. */
  async #shared(session: Session, group: Asked[], alone: StatementPipeline): Promise<boolean> {
    const { patience, run } = this.#options;
    group.sort((one, other) => Number(one.locks > other.locks) - Number(one.locks < other.locks));
    const send = () => group.map(({ statement, values }) => run(session, statement, values));
    try {
      const { committed, answers } = await inOneTransaction(session, patience, send);
      const failed = answers.findIndex(({ status }) => status === 'rejected');
      if (committed)
        for (const [at, answer] of answers.entries()) {
          if (answer.status === 'fulfilled') group[at]?.resolve(answer.value);
          else group[at]?.reject(answer.reason);
        }
      else {
        // The one that failed may have waited for a lock: it comes last, so that nobody waits for it.
        group.push(...group.splice(failed, 1));
        for (const { statement, values, resolve, reject } of group)
          alone.run(statement, values).then(resolve, reject);
      }
      return answers.some((answer) => answer.status === 'rejected' && spoilsSession(answer.reason));
    } catch (error) {
      for (const { reject } of group) reject(error);
      return true;
    }
  }
}
