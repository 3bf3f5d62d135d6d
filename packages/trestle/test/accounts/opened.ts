import type { AccountEvent } from '../../src/accounts/events.ts';
import { type AccountsSetup, type OpenAccounts, openAccounts } from '../../src/accounts/open-accounts.ts';
import { MIN_HASH_COST, type PasswordsOptions } from '../../src/accounts/passwords/passwords.ts';
import { accountResources } from '../../src/accounts/resources.ts';
import type { SigningSecret } from '../../src/accounts/sessions/signing-secret.ts';
import { migrate } from '../../src/database/migrations/migrate.ts';
import type { Store } from '../../src/database/store.ts';
import { tablesOf } from '../../src/database/tables.ts';
import { openServices } from '../../src/rows/open-services.ts';
import { type AccountsOptions, accounts, anyText } from '../../src/schema/accounts.ts';
import { anonymous, type Caller } from '../../src/schema/caller.ts';

export const SECRET: SigningSecret = { secrets: [Buffer.from('a secret for tests, of forty bytes and so')] };
export const ADMINISTRATOR: Caller = { kind: 'administrator' };
export const HERE = { address: '192.0.2.1' };
/** A request without credentials from there. */
export const FROM_HERE = { caller: anonymous, origin: HERE };
/** The administrator as a context. */
export const BY_ADMINISTRATOR = { caller: ADMINISTRATOR };

/** As cheap as Argon2id gets, for tests that look at something else. */
export const CHEAP: Required<PasswordsOptions> = {
  cost: MIN_HASH_COST,
  queue: { running: 4, waiting: 1000 },
};

/** A clock that stands still until it is moved. */
export function clock(start = Date.parse('2026-11-21T07:48:39.123Z')) {
  let at = start;
  return {
    now: () => at,
    /** Seconds. */
    pass(seconds: number) {
      // Whole milliseconds, as instants are stored.
      at += Math.round(seconds * 1000);
    },
  };
}

export interface Opened extends OpenAccounts {
  store: Store;
  events: AccountEvent[];
}

type Setup = Partial<Omit<AccountsSetup, 'store'>> & { accounts?: AccountsOptions };

/** Accounts of an app `demo` over a store, with cheap passwords of any kind unless said otherwise. */
export async function openDemo(store: Store, setup: Setup = {}): Promise<Opened> {
  const { accounts: options, ...rest } = setup;
  const declared = accounts({ password: anyText, ...options });
  await migrate(store, tablesOf(accountResources(declared), declared));
  const services = openServices({ resources: {}, accounts: declared, store, cursorKey: Buffer.alloc(32) });
  const events: AccountEvent[] = [];
  const opened = await openAccounts({
    app: { name: 'demo', accounts: declared, resources: { notes: {}, articles: {} } },
    store,
    rows: services.accountRows,
    secret: SECRET,
    passwords: CHEAP,
    log: (event) => void events.push(event),
    ...rest,
  });
  return { ...opened, store, events };
}

/** The caller a token stands for. */
export async function callerOf(demo: OpenAccounts, access: string): Promise<Caller> {
  return demo.authenticate.bearer(access, 'write', HERE);
}

/** Signs up and in. */
export async function newAccount(demo: OpenAccounts, username: string, password = 'pass') {
  const account = await demo.accounts.signUp(FROM_HERE, { username, password });
  const tokens = await demo.accounts.signIn(FROM_HERE, { username, password });
  return { account, tokens, caller: await callerOf(demo, tokens.access) };
}
