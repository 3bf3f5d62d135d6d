import type { Executor, Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import { isAdministrator, refuseAnonymous, refuseViewer } from '../../rows/rules/caller-class.ts';
import { narrowed, type SystemReads } from '../../rows/system-tables.ts';
import { inTransaction } from '../../rows/transaction.ts';
import type { Accounts } from '../../schema/accounts.ts';
import { accountOf, type Caller, type Context } from '../../schema/caller.ts';
import { seconds } from '../../schema/duration.ts';
import type { RowId } from '../../schema/id.ts';
import type { KeyOptions, KeyService, KeyUse, KeyView } from '../../schema/services/account-service.ts';
import type { AccountStatements } from '../account-statements.ts';
import type { Callers } from '../callers.ts';
import type { EventLog } from '../events.ts';
import { type AccountBodies, DEFAULT_OVERLAP, longestLifetime, tooLong } from '../request-bodies.ts';
import type { KeyRow, KeyUseRow } from '../resources.ts';
import {
  hashSecret,
  isKeyId,
  maskedKey,
  maskedKeyId,
  newKey,
  type ParsedKey,
  parseForeignKey,
  parseKey,
} from './key-format.ts';
import { isUsable, type KeyStatements } from './key-statements.ts';
import type { KeyUsage } from './key-usage.ts';

/** The last instant whose text still sorts with the others. */
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');

/** The key of a list without its secret. */
export type ShownKey = Omit<KeyRow, 'hash'>;

interface KeyDependencies {
  readonly store: Store;
  readonly declared: Accounts;
  readonly accounts: AccountStatements;
  readonly statements: KeyStatements;
  readonly reads: SystemReads<ShownKey>;
  readonly useReads: SystemReads<KeyUseRow>;
  readonly usage: KeyUsage;
  readonly callers: Callers;
  readonly bodies: AccountBodies;
  readonly now: () => number;
  readonly log: EventLog;
}

/** The API keys of an app as every channel uses them. A key that is not the caller's own does not exist for it. */
export function keyService(dependencies: KeyDependencies): KeyService {
  return { ...newKeys(dependencies), ...keyReads(dependencies), ...keyChanges(dependencies) };
}

/** Keys are made, whole, by `create` and `roll`; whoever imports one has it already. */
function newKeys(dependencies: KeyDependencies): Pick<KeyService, 'create' | 'import' | 'roll'> {
  const { store, declared, accounts, statements, callers, bodies, now, log } = dependencies;
  const { lowerCase, lifetime: byDefault } = declared.keys;

  async function add(
    context: Context,
    event: 'key_created' | 'key_imported',
    parsed: ParsedKey,
    options: KeyOptions & { account?: RowId | null },
  ): Promise<KeyView> {
    requireKeyChanger(context.caller);
    const wanted = bodies.newKey.check(options);
    const lifetime =
      wanted.lifetime ?? (byDefault === 'never' ? byDefault : seconds(byDefault, 'accounts.keys.lifetime'));
    const moment = now();
    const own = accountOf(context.caller);
    const { account = own } = wanted;
    if (account !== own && !isAdministrator(context.caller))
      throw new Problem('forbidden', { detail: 'Keys can be made for your own account alone.' });
    const row = newRow(parsed, {
      account,
      name: wanted.name ?? '',
      scopes: wanted.scopes ? [...new Set(wanted.scopes)] : null,
      now: moment,
      expires: lifetime === 'never' ? null : moment + lifetime * 1000,
    });
    await inTransaction(store, context, async (transaction) => {
      if (account !== null && (await accounts.byId(transaction, { id: account })).length === 0) {
        const error = { pointer: '/account', code: 'reference', message: 'there is no such account' };
        throw new Problem('invalid', { errors: [error] });
      }
      await insert(dependencies, transaction, row);
      transaction.afterCommit.push(() => log({ event, key: row.id, account }, context.origin));
    });
    return view(row);
  }

  return {
    async create(context, options) {
      const { key, ...parsed } = newKey(lowerCase);
      return { ...(await add(context, 'key_created', parsed, options)), key };
    },
    async import(context, { key, ...options }) {
      if (!isAdministrator(context.caller)) throw new Problem('forbidden');
      const parsed = parseForeignKey(key);
      if (!parsed) {
        const message = 'expected a key of another system: 20 to 64 visible ASCII characters, random';
        throw new Problem('invalid', { errors: [{ pointer: '/key', code: 'pattern', message }] });
      }
      return add(context, 'key_imported', parsed, options);
    },
    /** Throws `conflict` for a key that is not usable any more. */
    async roll(context, id, wanted) {
      requireKeyChanger(context.caller);
      const { overlap = DEFAULT_OVERLAP } = bodies.overlap.check(
        wanted === undefined ? {} : { overlap: wanted },
      );
      const moment = now();
      return inTransaction(store, context, async (transaction) => {
        const old = await lock(statements, transaction, context.caller, id);
        if (!isUsable(old, moment))
          throw new Problem('conflict', {
            detail: 'This key is deactivated or has expired; renew it, or make a new one.',
          });
        const { key, ...parsed } = newKey(lowerCase);
        // As long as the old one was made for, and not longer than any.
        const lifetime =
          old.expires_at === null ? null : Date.parse(old.expires_at) - Date.parse(old.created_at);
        const longest = moment + longestLifetime(declared) * 1000;
        const expires = lifetime === null ? null : Math.min(moment + lifetime, longest, LAST_INSTANT);
        const row = newRow(parsed, { ...old, now: moment, expires });
        await insert(dependencies, transaction, row);
        const until = moment + overlap * 1000;
        const ends = Math.min(until, old.expires_at === null ? until : Date.parse(old.expires_at));
        await statements.update(transaction, { id, active: true, expires_at: new Date(ends).toISOString() });
        await callers.tell(transaction);
        transaction.afterCommit.push(callers.forget, () =>
          log({ event: 'key_rolled', key: id, account: old.account }, context.origin),
        );
        return { ...view(row), key };
      });
    },
  };
}

function keyReads(dependencies: KeyDependencies): Pick<KeyService, 'list' | 'read' | 'uses' | 'idOf'> {
  const { reads, useReads, usage } = dependencies;
  return {
    async list(context, query, cursor) {
      requireKeyManager(context.caller);
      await usage.flush();
      const page = await reads.list(context, query, cursor);
      return { ...page, items: page.items.map(view) };
    },
    async read(context, id) {
      requireKeyManager(context.caller);
      await usage.flush();
      return view(await reads.read(context, id));
    },
    idOf: (key) => parseKey(key)?.id ?? maskedKeyId(key) ?? parseForeignKey(key)?.id ?? null,
    async uses(context, id, query, cursor) {
      requireKeyManager(context.caller);
      await usage.flush();
      await reads.read(context, id);
      const page = await useReads.list(USES, narrowed(query, { key: id }), cursor);
      const items = page.items.map(
        ({ at, method, route, status, source }): KeyUse => ({ at, method, route, status, source }),
      );
      return { ...page, items };
    },
  };
}

function keyChanges(
  dependencies: KeyDependencies,
): Pick<KeyService, 'deactivate' | 'activate' | 'renew' | 'remove'> {
  const { store, declared, statements, callers, bodies, now, log } = dependencies;

  /** Runs a change of one key of the caller, locked. */
  async function change(
    context: Context,
    id: string,
    event: 'key_deactivated' | 'key_activated' | 'key_renewed',
    edit: (row: KeyRow) => Pick<KeyRow, 'active' | 'expires_at'>,
  ): Promise<KeyView> {
    requireKeyChanger(context.caller);
    const row = await inTransaction(store, context, async (transaction) => {
      const found = await lock(statements, transaction, context.caller, id);
      const next = { ...found, ...edit(found) };
      await statements.update(transaction, { ...next });
      await callers.tell(transaction);
      transaction.afterCommit.push(callers.forget, () =>
        log({ event, key: id, account: next.account }, context.origin),
      );
      return next;
    });
    return view(row);
  }

  return {
    deactivate: (context, id) =>
      change(context, id, 'key_deactivated', ({ expires_at }) => ({ active: false, expires_at })),
    activate: (context, id) =>
      change(context, id, 'key_activated', ({ expires_at }) => ({ active: true, expires_at })),
    renew(context, id, expiresAt) {
      requireKeyChanger(context.caller);
      const { expires_at: wanted } = bodies.expiry.check({ expires_at: expiresAt });
      const longest = longestLifetime(declared);
      const expires = wanted === null ? Number.POSITIVE_INFINITY : Date.parse(wanted);
      if (expires > now() + longest * 1000)
        throw new Problem('invalid', { errors: [tooLong('/expires_at', longest)] });
      const expires_at = wanted === null ? null : new Date(expires).toISOString();
      return change(context, id, 'key_renewed', () => ({ active: true, expires_at }));
    },
    async remove(context, id) {
      requireKeyChanger(context.caller);
      await inTransaction(store, context, async (transaction) => {
        const { account } = await lock(statements, transaction, context.caller, id);
        await statements.remove(transaction, { id });
        await statements.removeUses(transaction, { id });
        await callers.tell(transaction);
        transaction.afterCommit.push(callers.forget, () =>
          log({ event: 'key_deleted', key: id, account }, context.origin),
        );
      });
    },
  };
}

/** A key of the caller, kept from changing. Throws `not_found`. */
async function lock(
  statements: KeyStatements,
  transaction: Executor,
  caller: Caller,
  id: string,
): Promise<KeyRow> {
  if (isKeyId(id)) {
    const account = caller.kind === 'account' ? caller.account : null;
    // Of another account's key nothing is read: it takes as long as one that does not exist.
    const [row] = isAdministrator(caller)
      ? await statements.lock(transaction, { id })
      : await statements.lockOwn(transaction, { id, account });
    if (row) return row;
  }
  throw new Problem('not_found', { data: { resource: 'keys', id } });
}

/** Inserts a key within the limit of its account, whose row is locked so that two at a time are counted. */
async function insert(
  { declared, accounts, statements }: KeyDependencies,
  transaction: Executor,
  row: KeyRow,
): Promise<void> {
  if (row.account !== null) {
    const { max } = declared.keys;
    await accounts.lock(transaction, { id: row.account });
    const [beyond] = await statements.beyond(transaction, { account: row.account, others: max - 1 });
    if (beyond)
      throw new Problem('conflict', {
        detail: `An account of this app has at most ${max} keys. Delete those that are no longer used.`,
        data: { resource: 'keys', limit: max },
      });
  }
  await statements.insert(transaction, row);
}

/** Who may read the uses of a key was asked of the key. */
const USES: Context = { caller: { kind: 'administrator' } };

/** Keys manage no keys: a copied one must not outlive its discovery. */
function requireKeyManager(caller: Caller): void {
  if (caller.kind === 'anonymous') refuseAnonymous();
  if (caller.kind === 'key')
    throw new Problem('forbidden', { detail: 'An API key cannot manage API keys; sign in for that.' });
}

function requireKeyChanger(caller: Caller): void {
  requireKeyManager(caller);
  refuseViewer(caller);
}

interface KeyContent extends Pick<KeyRow, 'account' | 'name' | 'scopes'> {
  now: number;
  expires: number | null;
}

function newRow({ id, secret }: ParsedKey, { account, name, scopes, now, expires }: KeyContent): KeyRow {
  return {
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
}

function view({ id, name, account, scopes, active, ...rest }: ShownKey): KeyView {
  const { created_at, expires_at, last_used_at, uses } = rest;
  return {
    id,
    name,
    masked: maskedKey(id),
    account,
    scopes,
    active,
    created_at,
    expires_at,
    last_used_at,
    uses,
  };
}
