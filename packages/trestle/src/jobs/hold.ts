import type { OperationRecord } from './operation-record.ts';
import { changeOperations, type Parts } from './parts.ts';

/** Why a run was told to stop. */
export type StopReason = 'cancelled' | 'lost' | 'closing';

/**
 * Holds a claim while its work runs: renews the lease, stores progress a few times a second, and aborts the work when a
 * cancel was asked for or the lease is lost.
 */
export class Hold {
  readonly #parts: Parts;
  readonly #record: OperationRecord;
  readonly #abort = new AbortController();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #looking: NodeJS.Timeout;
  readonly #unwatch: () => void;
  #progress: { progress: number; message: string | null } | undefined;
  #progressTimer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #renewed = performance.now();
  reason: StopReason | undefined;

  constructor(parts: Parts, record: OperationRecord) {
    this.#parts = parts;
    this.#record = record;
    this.#heartbeat = setInterval(() => this.#queue(() => this.#renew()), parts.limits.heartbeat * 1000);
    // A cancel that another process took, where the store tells nobody.
    this.#looking = setInterval(() => this.#queue(() => this.#look()), parts.limits.poll * 1000);
    this.#unwatch = parts.changes.watch(record.id, () => this.#queue(() => this.#look()));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stop(reason: StopReason): void {
    this.reason ??= reason;
    this.#abort.abort(new DOMException(`the operation was stopped: ${reason}`, 'AbortError'));
  }

  /** Takes note of how far the work is. What comes faster than it is stored is passed over, but for the last. */
  report(fraction: number, message: string | undefined): void {
    const progress = Number.isFinite(fraction) ? Math.min(Math.max(fraction, 0), 1) : 0;
    this.#progress = { progress, message: message?.slice(0, 500) ?? null };
    this.#progressTimer ??= setTimeout(() => {
      this.#progressTimer = undefined;
      this.#queue(() => this.#store());
    }, this.#parts.limits.progress * 1000);
  }

  /** Ends holding; nothing of it is written afterwards. */
  async end(): Promise<void> {
    clearInterval(this.#heartbeat);
    clearInterval(this.#looking);
    clearTimeout(this.#progressTimer);
    this.#unwatch();
    await this.#writing;
  }

  /** One write after another; one that fails is tried again with the next heartbeat, for as long as the lease lasts. */
  #queue(write: () => Promise<void>): void {
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.#parts.log.failed(error);
      if (performance.now() - this.#renewed > this.#parts.limits.lease * 1000) this.stop('lost');
    });
  }

  async #renew(): Promise<void> {
    await this.#hear(this.#parts.statements.renew, {});
  }

  async #store(): Promise<void> {
    const progress = this.#progress;
    this.#progress = undefined;
    if (progress) await this.#hear(this.#parts.statements.progress, progress);
  }

  /** A change that this run did not make: a cancel, if the claim is still held. */
  async #look(): Promise<void> {
    if (this.#abort.signal.aborted) return;
    const { id } = this.#record;
    const { byId } = this.#parts.statements;
    const [found] = await this.#parts.store.all(byId, [id]);
    this.#judge(found && this.#parts.record(found));
  }

  async #hear(
    change: Parameters<typeof changeOperations>[1],
    values: { progress?: number; message?: string | null },
  ) {
    const { id, fence } = this.#record;
    const before = performance.now();
    const [held] = await changeOperations(this.#parts, change, {
      id,
      fence,
      lease: this.#parts.limits.lease,
      ...values,
    });
    if (held) this.#renewed = before;
    this.#judge(held);
  }

  #judge(found: OperationRecord | undefined): void {
    if (!found || found.fence !== this.#record.fence || found.state !== 'running') this.stop('lost');
    else if (found.cancel) this.stop('cancelled');
  }
}
