import { createHash, type Hash } from 'node:crypto';

/** Counts the rows of a table and digests them: SHA-256 over one line of JSON a row, in the order of their keys. */
export class TableDigest {
  readonly #hash: Hash = createHash('sha256');
  rows = 0;

  add(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.rows += lines.length;
    this.#hash.update(`${lines.join('\n')}\n`);
  }

  /** In hexadecimal. Call it once, at the end. */
  end(): string {
    return this.#hash.digest('hex');
  }
}
