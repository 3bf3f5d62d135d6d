import type { RowId } from './id.ts';

/** Who makes a request. Everything that touches rows takes one, and the policy function decides by it. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'account';
      /** The id of the account. */
      readonly account: RowId;
      /** The public id of the session. */
      readonly session: string;
      /** Roles of the account (default: none). */
      readonly roles?: readonly string[];
      /** The administrator who looks as this account, and whose session counts (default: the account itself calls). */
      readonly viewedBy?: Caller;
    }
  | {
      readonly kind: 'key';
      /** Null for a service key, which only the administrator makes. */
      readonly account: RowId | null;
      /** The public id of the key. */
      readonly key: string;
      /** Its rights, as `resource:action`; null: all that its account may do. */
      readonly scopes: readonly string[] | null;
      /** Roles of its account (default: none). */
      readonly roles?: readonly string[];
    }
  | { readonly kind: 'administrator' }
  /** The app's own code; see `system`. */
  | {
      readonly kind: 'system';
      /** Whose account authors, editors and moves name; undefined: none. */
      readonly onBehalfOf: Caller | undefined;
    };

/**
 * The caller without credentials.
 *
 * @example
 * const page = await services.notes.list({ caller: anonymous }, { limit: 10 });
 */
export const anonymous: Caller = Object.freeze({ kind: 'anonymous' });

/**
 * The id of a caller's account; null for a caller without one.
 *
 * @example
 * const account = accountOf(caller);
 */
export function accountOf(caller: Caller): RowId | null {
  if (caller.kind === 'system') return caller.onBehalfOf ? accountOf(caller.onBehalfOf) : null;
  return caller.kind === 'account' || caller.kind === 'key' ? caller.account : null;
}

/**
 * The client that limits and idempotency keys count a request for: an account, an API key (apart from its account), or the
 * address of a caller without credentials. An administrator who views as an account is the administrator.
 */
export function clientName(caller: Caller, { address }: Origin): string {
  if (caller.kind === 'account')
    return caller.viewedBy ? clientName(caller.viewedBy, { address }) : `account ${caller.account}`;
  if (caller.kind === 'key') return `key ${caller.key}`;
  return caller.kind === 'anonymous' ? `anonymous ${address}` : caller.kind;
}

/** Whether the scopes of a key include a verb of a resource. */
export function inScopes(scopes: readonly string[], resource: string, verb: string): boolean {
  return scopes.some((scope) => {
    const [name, wanted] = scope.split(':');
    return (name === resource || name === '*') && (wanted === verb || wanted === '*');
  });
}

/** Marks a transaction. Not exported to users, so that none can be made up. */
export const TRANSACTION: unique symbol = Symbol('transaction');

/**
 * An open transaction over all resources of an app. Every verb that is given it belongs to it: all of them are committed
 * together, or none. Only services use what is in it.
 */
export interface Transaction {
  readonly [TRANSACTION]: true;
}

/** Where a request came from: throttling goes by it, and the log names it. */
export interface Origin {
  /** The peer's address, or the client's behind a trusted proxy; `unknown` where that was gone before its request was read. */
  readonly address: string;
  /** The id of the request in the log and in the answer's `X-Request-Id`. */
  readonly requestId?: string;
}

/**
 * Who calls a verb, in which transaction (default: one of its own), and from where (default: the app's own code).
 * Every `RouteRequest` is a context.
 */
export interface Context {
  /** Whose rights the verb asks for: a request's caller, `anonymous`, or `system()`'s. */
  readonly caller: Caller;
  /** The transaction to join (default: one of its own). */
  readonly transaction?: Transaction;
  /** Where the request came from (default: the app's own code). */
  readonly origin?: Origin | undefined;
}

/**
 * Runs verbs of several services in one commit: all of what they write is kept, or nothing where `write` throws.
 *
 * @param context whose caller and origin the verbs are given; where it is in a transaction already, they join that.
 * @param write gives its argument to every verb, as it is or with another caller. It awaits nothing but verbs, signs nobody
 *   in, and may run again where the database undid it because of another transaction, or a verb has code that comes before.
 * @throws what `write` throws; `conflict` and `unavailable` of the commit.
 * @example
 * await transaction(request, async (tx) => {
 *   const note = await services.notes.create(tx, { title: 'Minutes' });
 *   await services.tasks.create(tx, { note: note.id });
 * });
 */
export type RunTransaction = <C extends Context, T>(
  context: C,
  write: (tx: {
    readonly caller: Caller;
    readonly origin: C['origin'];
    readonly transaction: Transaction;
  }) => Promise<T>,
) => Promise<T>;

/**
 * The context of the app's own code: no rule is asked, and every field is read and set. Bodies are checked as ever.
 *
 * @param options `onBehalfOf`: whose account authors, editors and moves name (default: none).
 * @example
 * await services.notes.create(system({ onBehalfOf: caller }), { title: 'checked' });
 */
export function system({
  onBehalfOf,
  transaction,
}: {
  onBehalfOf?: Caller;
  transaction?: Transaction;
} = {}): Context {
  return { caller: { kind: 'system', onBehalfOf }, ...(transaction && { transaction }) };
}
