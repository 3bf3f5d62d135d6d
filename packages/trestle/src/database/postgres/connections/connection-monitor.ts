import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { messageOf } from '../../../problems.ts';
import { type Heard, Listeners } from '../../notifier.ts';
import { quotedName } from '../../sql.ts';
import { sqlState, wasEnded } from '../faults.ts';
import { closeClient } from './close-client.ts';

/** Milliseconds. */
const TIMES = {
  /** Between two attempts to connect again. */
  retry: 200,
  /** A connection that takes longer than this to come back makes the store not ready. */
  patience: 1_000,
  /** Longest wait for a new connection. */
  connect: 2_000,
  /** An answer to `select 1` that takes longer than this means that the connection is dead. */
  answer: 1_000,
  /** How long an answer proves that the database is there. */
  fresh: 800,
} as const;

interface MonitorOptions {
  readonly config: pg.ClientConfig;
  readonly settings: string;
  /** Where it connects to, for `why`. */
  readonly target: string;
  /** Told what a listener threw. */
  readonly failed: (error: unknown) => void;
}

/**
 * One connection beside the pool. It hears notifications, and its end or silence tells at once, without any traffic,
 * that the database went away; while it is away it tries to connect until it is back.
 */
export class ConnectionMonitor {
  readonly #options: MonitorOptions;
  readonly #listeners: Listeners;
  #client: pg.Client | undefined;
  #why: string | undefined;
  #unreachable = false;
  #heardAt = 0;
  #asking = false;
  #closed = false;
  #reconnecting: Promise<void> | undefined;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#listeners = new Listeners(options.failed);
  }

  /** Why the database cannot be reached; undefined while it can. */
  get why(): string | undefined {
    return this.#why;
  }

  /** Whether connecting was tried in vain, so that nobody should wait for a connection. */
  get unreachable(): boolean {
    return this.#unreachable;
  }

  /** Connects for the first time. Throws what the driver throws. */
  async open(): Promise<void> {
    await this.#connect();
  }

  /** Asks the database whether it is there, unless that is fresh knowledge. The answer shows in `why`. */
  ask(): void {
    if (performance.now() - this.#heardAt > TIMES.fresh) this.#ask();
  }

  /** Something failed on another connection: asks at once. */
  checkNow(): void {
    this.#ask();
  }

  /** Listens on a channel (already named apart from other schemas'). */
  listen(channel: string, heard: Heard): () => void {
    const remove = this.#listeners.add(channel, heard);
    this.#send(`listen ${quotedName(channel)}`, () => this.#listeners.begin(channel, heard));
    return () => {
      remove();
      if (!this.#listeners.channels.includes(channel)) this.#send(`unlisten ${quotedName(channel)}`);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    this.#client = undefined;
    await Promise.all([client && closeClient(client), this.#reconnecting]);
  }

  /** Where it fails, the connection is gone; the next one listens to all channels and says so to all. */
  #send(sql: string, done: () => void = () => {}): void {
    this.#client?.query(sql).then(done, () => {});
  }

  async #connect(): Promise<void> {
    const limits = { connectionTimeoutMillis: TIMES.connect, query_timeout: TIMES.connect };
    const client = new pg.Client({ ...this.#options.config, ...limits });
    client.on('error', () => {});
    client.on('notification', ({ channel, payload }) => this.#listeners.tell(channel, payload ?? ''));
    try {
      await client.connect();
      const listen = this.#listeners.channels.map((channel) => `; listen ${quotedName(channel)}`).join('');
      await client.query(this.#options.settings + listen);
    } catch (error) {
      await closeClient(client);
      throw error;
    }
    if (this.#closed) return closeClient(client);
    this.#client = client;
    client.once('end', () => {
      if (this.#closed || this.#client !== client) return;
      this.#client = undefined;
      this.#reconnecting = this.#reconnect();
    });
    this.#heard();
  }

  #heard(): void {
    this.#heardAt = performance.now();
    this.#why = undefined;
    this.#unreachable = false;
  }

  #ask(): void {
    const client = this.#client;
    if (this.#asking || !client) return;
    this.#asking = true;
    // Where no answer comes, pg closes the connection, and its end starts the reconnection.
    const query = { text: 'select 1', query_timeout: TIMES.answer };
    client
      .query(query)
      .then(
        () => this.#heard(),
        // An answer that says the session was ended is one too: the next session will tell.
        (error: unknown) =>
          error instanceof Error && error.message === 'Query read timeout' && this.#missed(error),
      )
      .finally(() => {
        this.#asking = false;
      });
  }

  async #reconnect(): Promise<void> {
    const timer = setTimeout(() => this.#gone(new Error('no answer')), TIMES.patience);
    while (!this.#closed) {
      try {
        await this.#connect();
        break;
      } catch (error) {
        // A server that is full is there: connections that are open go on working. One that ends a new session may be: an
        // administrator ends them all, perhaps again and again. The next attempts tell, or the timer.
        const mayBeThere = sqlState(error) === '53300' || wasEnded(error);
        if (!mayBeThere) this.#gone(error);
        await pause(TIMES.retry);
      }
    }
    clearTimeout(timer);
    if (!this.#closed) this.#listeners.tellGap();
  }

  #gone(error: unknown): void {
    this.#unreachable = true;
    this.#missed(error);
  }

  #missed(error: unknown): void {
    const reason = messageOf(error);
    this.#why = `PostgreSQL at ${this.#options.target} cannot be reached: ${reason}`;
  }
}
