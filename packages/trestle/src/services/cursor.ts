import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Problem } from '../problems.ts';
import type { Value } from '../store/store.ts';

/** A place in a list: the sort values of a row, and whether the page lies before or after it. */
export interface Position {
  readonly before: boolean;
  readonly values: readonly Value[];
}

const TAG_BYTES = 12;

/**
 * Cursors are opaque and authenticated: bound to the resource, filter and sort they were made for, so that none can be
 * forged or carried to another list. They grant nothing: the rules are asked anew on every page.
 */
export class Cursors {
  /** As a key object: one made of bytes each time cost 13 µs a cursor, this costs 2. */
  readonly #key: KeyObject;

  constructor(key: Buffer) {
    this.#key = createSecretKey(key);
  }

  encode(list: string, { before, values }: Position): string {
    const payload = Buffer.from(JSON.stringify([before ? 1 : 0, ...values]));
    return `${payload.toString('base64url')}.${this.#tag(list, payload).toString('base64url')}`;
  }

  /** Throws `invalid_cursor` for one that was not made for this very list. */
  decode(list: string, cursor: string): Position {
    const [body = '', tag = ''] = cursor.split('.');
    const payload = Buffer.from(body, 'base64url');
    const given = Buffer.from(tag, 'base64url');
    if (given.length !== TAG_BYTES || !timingSafeEqual(given, this.#tag(list, payload)))
      throw new Problem('invalid_cursor', {
        detail:
          'Use next or prev of a page with the same filter and sort, unchanged; or leave cursor out to start over.',
      });
    const [before, ...values]: Value[] = JSON.parse(payload.toString());
    return { before: before === 1, values };
  }

  #tag(list: string, payload: Buffer): Buffer {
    return createHmac('sha256', this.#key)
      .update(list)
      .update('\0')
      .update(payload)
      .digest()
      .subarray(0, TAG_BYTES);
  }
}
