import { DatabaseClock } from '../clock.ts';
import { sql } from '../database/sql.ts';
import { statement } from '../database/statement.ts';
import type { Store } from '../database/store.ts';
import type { Transport } from '../mail/transport.ts';
import { Cursors } from '../rows/lists/list.ts';
import type { Model } from '../rows/model.ts';
import type { AccountRows } from '../rows/open-services.ts';
import { compileSystemModels, systemReads, without } from '../rows/system-tables.ts';
import type { Accounts } from '../schema/accounts.ts';
import type { AccountService, KeyService } from '../schema/services/account-service.ts';
import { accountViewer } from './account-rows.ts';
import { accountService, requirePassword } from './account-service.ts';
import { accountStatements, writeUsernameKeys } from './account-statements.ts';
import { type Authenticator, openAuthenticator } from './authenticator.ts';
import { Callers } from './callers.ts';
import type { EventLog } from './events.ts';
import { keyStatements } from './keys/key-statements.ts';
import { KeyUsage } from './keys/key-usage.ts';
import { keyService, type ShownKey } from './keys/keys.ts';
import { Audit } from './operators/audit.ts';
import { type OperatorService, operatorService } from './operators/operators.ts';
import { openSavedViews, type SavedViews } from './operators/saved-views.ts';
import { Passwords, type PasswordsOptions } from './passwords/passwords.ts';
import type { People, PeopleDependencies } from './people/people.ts';
import { accountBodies } from './request-bodies.ts';
import { accountResources, type KeyUseRow, linkResources } from './resources.ts';
import type { ShownSession } from './sessions/own-sessions.ts';
import { Refresh } from './sessions/refresh.ts';
import { sessionStatements } from './sessions/session-statements.ts';
import { lifetimesOf, Sessions } from './sessions/sessions.ts';
import { deriveKeys, type SigningSecret } from './sessions/signing-secret.ts';
import { THROTTLE, Throttle, type ThrottleLimits } from './throttling/throttle.ts';
import { CsrfTokens } from './tokens/csrf-tokens.ts';
import { openTickets, type Tickets } from './tokens/tickets.ts';
import { TokenSigner } from './tokens/tokens.ts';

export interface AccountsSetup {
  app: {
    readonly name: string;
    readonly accounts: Accounts;
    readonly resources: Readonly<Record<string, unknown>>;
  };
  /** With the tables of `accountResources`. */
  store: Store;
  /** The accounts as rows of the app. */
  rows: AccountRows;
  secret: SigningSecret;
  /** Default: there is no administrator. */
  administratorSecret?: string | undefined;
  /** SHA-256 of the secret where none is given, in hexadecimal (default: there is no administrator). */
  administratorHash?: string | undefined;
  /** Default: nothing is logged. */
  log?: EventLog | undefined;
  /** Told of what fails behind requests (default: nobody is). */
  failed?: ((error: unknown) => void) | undefined;
  /** How mails leave (default: the app sends none). */
  transport?: Transport | undefined;
  /** Default: `THROTTLE`. */
  throttle?: Partial<ThrottleLimits> | undefined;
  passwords?: PasswordsOptions | undefined;
  /** Milliseconds since 1970 (default: the database's clock). */
  now?: (() => number) | undefined;
}

export interface OpenAccounts {
  readonly accounts: AccountService;
  readonly keys: KeyService;
  readonly tickets: Tickets;
  readonly authenticate: Authenticator;
  readonly operators: OperatorService;
  /** Undefined where accounts have no e-mail addresses. */
  readonly people: People | undefined;
  readonly audit: Audit;
  readonly savedViews: SavedViews;
  readonly accountModels: AccountModels;
  /** Removes expired sessions, old uses of keys and old attempts. */
  purge(): Promise<void>;
  /** Writes what waits to be written. Call it before the store closes. */
  close(): Promise<void>;
}

/** The tables as callers see them: lists are read by them, and documented. */
export type AccountModels = Readonly<Record<'accounts' | 'sessions' | 'keys' | 'key_uses', Model>>;

/** Links in mails, where accounts have addresses. */
async function openPeople(
  { app, store, rows, transport, now: clock = () => performance.now() }: AccountsSetup,
  shared: Pick<
    PeopleDependencies,
    'declared' | 'bodies' | 'accounts' | 'sessions' | 'passwords' | 'now' | 'log' | 'service'
  > & { readonly throttle: Throttle },
): Promise<People | undefined> {
  const { email } = app.accounts;
  const { links: model } = compileSystemModels(linkResources(app.accounts), app.accounts, store);
  if (email === undefined || !model) return undefined;
  const dependencies: PeopleDependencies = {
    ...shared,
    app,
    store,
    rows,
    transport,
    model,
    monotonic: clock,
    requirePassword: (context, row, password) =>
      requirePassword({ ...shared, store }, context, { row, password, pointer: '/password' }),
  };
  return new (await import('./people/people.ts')).People(dependencies, email);
}

/** Opens accounts, sessions, tokens and keys of one app over its store. */
export async function openAccounts(setup: AccountsSetup): Promise<OpenAccounts> {
  const { app, store, rows, administratorSecret, administratorHash, secret } = setup;
  const declared = app.accounts;
  const { log = () => {} } = setup;
  const time = statement(store.dialect, sql`select ${store.dialect.clock} as now`);
  const clock = new DatabaseClock(async () => Number((await store.all(time, []))[0]?.now) * 1000);
  if (!setup.now) await clock.start();
  const now = setup.now ?? clock.now;
  const models = compileSystemModels(accountResources(declared), declared, store);
  await writeUsernameKeys(store, models.accounts, declared.username);

  const keyOf = (purpose: string) => deriveKeys(secret, app.name, purpose)[0].key;
  const cursors = new Cursors(keyOf('cursors'));
  const bodies = accountBodies({ accounts: declared, app: app.name, resources: Object.keys(app.resources) });
  const viewer = accountViewer(rows);
  const accounts = accountStatements(models.accounts, declared, viewer.own);
  const statements = sessionStatements(models.sessions, models.accounts);
  const keyModels = { keys: models.keys, accounts: models.accounts, uses: models.key_uses };
  const keys = keyStatements(store, keyModels);
  const usage = new KeyUsage(store, keyModels, log);
  const tokens = new TokenSigner({ app: app.name, id: declared.id, secret, now });
  const passwords = new Passwords(setup.passwords);
  const throttle = new Throttle({
    store,
    model: models.attempts,
    key: keyOf('throttle'),
    limits: { ...THROTTLE, ...setup.throttle },
    now,
    monotonic: setup.now ?? (() => performance.now()),
  });
  const lifetimes = lifetimesOf(declared);
  const looksAlways = declared.roles.length > 0;
  const callers = new Callers({ store, statements, keys, tokens, now, looksAlways });
  const sessions = new Sessions({ statements, tokens, lifetimes, now, callers });
  const refresh = new Refresh({ store, statements, sessions, tokens, lifetimes, now, log });

  const { failed = () => {} } = setup;
  const audit = new Audit({ store, model: models.audit, cursors, accounts, declared, now, failed });
  const tickets = openTickets({ store, model: models.tickets, bodies, now });

  const purge = () =>
    store.write(async (transaction) => {
      await sessions.purge(transaction);
      await usage.purge(transaction, now());
      await throttle.purge(transaction);
      await audit.purge(transaction);
    });

  const csrf = new CsrfTokens(keyOf('csrf'));
  const signing = { tokens, passwords, csrf, callers, sessions, throttle, usage };
  const shared = { store, bodies, declared, accounts, now, log, ...signing };
  const service = accountService({
    ...shared,
    app,
    rows,
    ...viewer,
    sessionReads: systemReads<ShownSession>(models.sessions, store, cursors),
    keys,
    refresh,
    signedUp: declared.email === undefined ? undefined : async (context, id) => people?.signedUp(context, id),
  });
  const people = await openPeople(setup, { ...shared, service });
  return {
    accounts: service,
    people,
    keys: keyService({
      ...shared,
      statements: keys,
      reads: systemReads<ShownKey>(models.keys, store, cursors),
      useReads: systemReads<KeyUseRow>(models.key_uses, store, cursors),
    }),
    tickets,
    authenticate: openAuthenticator({ ...shared, tickets, administratorSecret, administratorHash }),
    operators: operatorService({ ...shared, lifetimes, service, setups: models.setups }),
    accountModels: {
      accounts: rows.writer.model,
      sessions: models.sessions.view,
      keys: models.keys.view,
      key_uses: without(models.key_uses.view, 'key'),
    },
    purge,
    audit,
    savedViews: openSavedViews(store, models.saved_views),
    async close() {
      await audit.close();
      callers.close();
      clock.stop();
      await usage.close();
      await throttle.close();
    },
  };
}
