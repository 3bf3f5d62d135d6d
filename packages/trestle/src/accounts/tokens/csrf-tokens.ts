import { createHmac, timingSafeEqual } from 'node:crypto';
import { Problem } from '../../problems.ts';
import { anonymous, type Caller } from '../../schema/caller.ts';

/** Tokens that a page shows to have read, beside the cookie of its session: made of that, so that none is stored. */
export class CsrfTokens {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  of(session: string): string {
    return createHmac('sha256', this.#key).update(session).digest('base64url');
  }

  /**
   * The caller of a cookie, where the request shows the token of its session; nobody without one, for then a foreign page may have
   * made the request. Throws `forbidden` for a wrong one.
   */
  require(caller: Caller, given: unknown): Caller {
    if (caller.kind !== 'account') return caller;
    if (typeof given !== 'string') return anonymous;
    const [expected, presented] = [Buffer.from(this.of(caller.session)), Buffer.from(given)];
    if (expected.length === presented.length && timingSafeEqual(expected, presented)) return caller;
    throw new Problem('forbidden', {
      detail: 'X-CSRF-Token is not the token of this session; GET /v1/admin/session answers it as csrf.',
    });
  }
}
