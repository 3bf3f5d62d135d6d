import type { Logger } from 'pino';
import { Problem } from '../../problems.ts';
import { errorFields } from './logging.ts';

/** Writes errors down at most once a second for each kind, with the number that was left out since (ASVS 16.2). */
export class ErrorLog {
  readonly #lines: Logger;
  readonly #kinds = new Map<string, { at: number; skipped: number }>();

  constructor(lines: Logger) {
    this.#lines = lines;
  }

  /** Logs `thrown` with the fields that say where; a problem's cause, where it has one, in its place. */
  write(message: string, thrown: unknown, where: Record<string, unknown> = {}): void {
    const cause = thrown instanceof Problem && thrown.cause !== undefined ? thrown.cause : thrown;
    const skipped = this.#due(`${message} ${kindOf(cause)}`);
    if (skipped === undefined) return;
    this.#lines.error({ ...where, ...(skipped > 0 && { skipped }), error: errorFields(cause) }, message);
  }

  /** How many of this kind were left out since the last one that was written; undefined when this one is left out, too. */
  #due(kind: string): number | undefined {
    const now = performance.now();
    const last = this.#kinds.get(kind);
    if (last && now - last.at < 1000) {
      last.skipped++;
      return undefined;
    }
    if (this.#kinds.size === 100) this.#kinds.clear();
    this.#kinds.set(kind, { at: now, skipped: 0 });
    return last?.skipped ?? 0;
  }
}

function kindOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown;
  return `${thrown.name} ${'code' in thrown ? thrown.code : ''} ${thrown.stack?.split('\n')[1] ?? ''}`;
}
