import type { Executor, Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import { refuseAnonymous } from '../../rows/policy.ts';
import type { Caller } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { KeyOptions, KeyService, KeyView } from '../../schema/services/account-service.ts';
import { type AccountRows, isAccountId } from '../account-rows.ts';
import type { EventLog } from '../events.ts';
import { invalid } from '../passwords/credentials.ts';
import { hashSecret, maskedKey, maskedKeyId, newKey, parseKey } from './key-format.ts';
import { checkedExpiry, checkedOptions, type KeyLimits, successorExpiry, tooLong } from './key-options.ts';
import type { KeyRow, KeyRows, Reach } from './key-rows.ts';
import type { KeyUsage } from './key-usage.ts';

const DAY = 86_400;
/** Seconds the old key serves on beside its successor. */
const OVERLAP = { usual: DAY, most: 7 * DAY } as const;

interface KeyParts {
  readonly store: Store;
  readonly accounts: AccountRows;
  readonly rows: KeyRows;
  readonly usage: KeyUsage;
  readonly limits: KeyLimits;
  readonly now: () => number;
  readonly log: EventLog;
}

/** The API keys of an app as every channel uses them. A key that is not the caller's own does not exist for it. */
export function keyService(parts: KeyParts): KeyService {
  return {
    create: (caller, options) => create(parts, caller, options),
    async list(caller) {
      const reach = reachOf(caller);
      await parts.usage.flush();
      return (await parts.rows.list(reach)).map(view);
    },
    async read(caller, id) {
      const reach = reachOf(caller);
      await parts.usage.flush();
      return view(found(await parts.rows.find(parts.store, id, reach), id));
    },
    deactivate: (caller, id) =>
      change(parts, { caller, id }, 'key_deactivated', (row) => ({ ...row, active: false })),
    activate: (caller, id) =>
      change(parts, { caller, id }, 'key_activated', (row) => ({ ...row, active: true })),
    renew: (caller, id, expiresAt) =>
      change(parts, { caller, id }, 'key_renewed', (row) => ({
        ...row,
        active: true,
        expires_at: checkedExpiry(parts.limits, expiresAt, parts.now()),
      })),
    remove: (caller, id) => remove(parts, caller, id),
    roll: (caller, id, overlap) => roll(parts, caller, id, overlap ?? OVERLAP.usual),
    idOf: (key) => parseKey(key)?.id ?? maskedKeyId(key),
    async uses(caller, id, limit = 50) {
      const reach = reachOf(caller);
      await parts.usage.flush();
      found(await parts.rows.find(parts.store, id, reach), id);
      return parts.usage.list(id, limit >= 1 ? Math.min(Math.trunc(limit), 1000) : 1);
    },
  };
}

async function create(parts: KeyParts, caller: Caller, options: KeyOptions & { account?: RowId | null }) {
  const reach = reachOf(caller);
  const { name, lifetime, scopes } = checkedOptions(parts.limits, options);
  const account = await ownerOf(parts, reach, options.account);
  const now = parts.now();
  const made = newRow(parts, {
    account,
    name,
    scopes,
    now,
    expires: lifetime === 'never' ? null : now + lifetime * 1000,
  });
  await parts.store.write((transaction) => parts.rows.insert(transaction, made.row));
  parts.log({ event: 'key_created', key: made.row.id, account });
  return { ...view(made.row), key: made.key };
}

/** A new key like another, which serves on for the overlap. Throws `conflict` for a key that does not serve any more. */
async function roll(parts: KeyParts, caller: Caller, id: string, overlap: number) {
  const reach = reachOf(caller);
  if (!(overlap >= 0 && overlap <= OVERLAP.most)) throw invalid([tooLong('/overlap', OVERLAP.most)]);
  const now = parts.now();
  const made = await parts.store.write(async (transaction) => {
    const old = found(await parts.rows.lock(transaction, id, reach), id);
    if (!serves(old, now)) throw notServing();
    const until = now + overlap * 1000;
    const next = newRow(parts, { ...old, now, expires: successorExpiry(parts.limits, old, now) });
    await parts.rows.insert(transaction, next.row);
    const ends = Math.min(until, old.expires_at === null ? until : Date.parse(old.expires_at));
    await parts.rows.update(transaction, id, true, new Date(ends).toISOString());
    return next;
  });
  parts.log({ event: 'key_rolled', key: id, account: made.row.account });
  return { ...view(made.row), key: made.key };
}

type Changed = 'key_deactivated' | 'key_activated' | 'key_renewed';

async function change(
  parts: KeyParts,
  { caller, id }: { caller: Caller; id: string },
  event: Changed,
  edit: (row: KeyRow) => KeyRow,
): Promise<KeyView> {
  const reach = reachOf(caller);
  const row = await parts.store.write(async (transaction) => {
    const next = edit(found(await parts.rows.lock(transaction, id, reach), id));
    await parts.rows.update(transaction, id, next.active, next.expires_at);
    return next;
  });
  parts.log({ event, key: id, account: row.account });
  return view(row);
}

async function remove(parts: KeyParts, caller: Caller, id: string): Promise<void> {
  const reach = reachOf(caller);
  const row = await parts.store.write(async (transaction: Executor) => {
    const old = found(await parts.rows.lock(transaction, id, reach), id);
    await parts.rows.remove(transaction, id);
    return old;
  });
  parts.log({ event: 'key_deleted', key: id, account: row.account });
}

/** Keys manage no keys: a copied one must not outlive its discovery. */
function reachOf(caller: Caller): Reach {
  if (caller.kind === 'administrator') return 'all';
  if (caller.kind === 'account') return { account: caller.account };
  if (caller.kind === 'anonymous') refuseAnonymous();
  throw new Problem('forbidden', { detail: 'An API key cannot manage API keys; sign in for that.' });
}

async function ownerOf({ accounts, limits }: KeyParts, reach: Reach, wanted: RowId | null | undefined) {
  if (reach !== 'all') {
    if (wanted === undefined || wanted === reach.account) return reach.account;
    throw new Problem('forbidden', { detail: 'Keys can be made for your own account alone.' });
  }
  if (wanted === undefined || wanted === null) return null;
  if (isAccountId(limits.accounts.id, wanted) && (await accounts.byId(wanted))) return wanted;
  throw invalid([{ pointer: '/account', code: 'reference', message: 'there is no such account' }]);
}

interface NewKey extends Pick<KeyRow, 'account' | 'name' | 'scopes'> {
  now: number;
  expires: number | null;
}

function newRow(
  { limits }: KeyParts,
  { account, name, scopes, now, expires }: NewKey,
): { row: KeyRow; key: string } {
  const { id, secret, key } = newKey(limits.accounts.keys.lowerCase);
  const row: KeyRow = {
    id,
    account,
    name,
    hash: hashSecret(secret),
    scopes,
    active: true,
    created_at: new Date(now).toISOString(),
    expires_at: expires === null ? null : new Date(expires).toISOString(),
    last_used_at: null,
    uses: 0,
  };
  return { row, key };
}

/** Whether a key is active and not over. */
export function serves(row: KeyRow, now: number): boolean {
  return row.active && (row.expires_at === null || now < Date.parse(row.expires_at));
}

function found(row: KeyRow | undefined, id: string): KeyRow {
  if (row) return row;
  throw new Problem('not_found', { data: { resource: 'keys', id } });
}

function notServing(): Problem {
  return new Problem('conflict', { detail: 'This key is deactivated or over; renew it, or make a new one.' });
}

function view(row: KeyRow): KeyView {
  const { hash: _, ...shown } = row;
  return { ...shown, masked: maskedKey(row.id) };
}
