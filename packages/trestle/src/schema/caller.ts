import type { RowId } from './id.ts';

/** Who makes a request. Everything that touches rows takes one, and the policy function decides by it. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'account'; readonly account: RowId; readonly session: string }
  | {
      readonly kind: 'key';
      /** Null for a service key, which only the administrator makes. */
      readonly account: RowId | null;
      readonly key: string;
      readonly scopes: readonly string[] | null;
    }
  | { readonly kind: 'administrator' };

/** The caller without credentials. */
export const anonymous: Caller = Object.freeze({ kind: 'anonymous' });

/** The account behind a caller; null where there is none. */
export function accountOf(caller: Caller): RowId | null {
  return caller.kind === 'account' || caller.kind === 'key' ? caller.account : null;
}
