import { sql } from '../database/sql.ts';
import { bind, param, statement } from '../database/statement.ts';
import type { Executor, Value } from '../database/store.ts';
import { type FieldError, Problem } from '../problems.ts';
import type { AccountRows } from '../rows/open-services.ts';
import { admission } from '../rows/policy.ts';
import { isAdministrator, refuseViewer } from '../rows/rules/caller-class.ts';
import { beforeWrite, inTransaction, readerOf } from '../rows/transaction.ts';
import { bodyProblem, isObject } from '../rows/validate.ts';
import { type Accounts, OPERATOR_ROLES } from '../schema/accounts.ts';
import type { Caller, Context } from '../schema/caller.ts';
import type { RowId } from '../schema/id.ts';
import { administrator } from '../schema/rules.ts';
import type { Account, AccountService } from '../schema/services/account-service.ts';
import {
  accountRowVerbs,
  isAccountId,
  refuseKey,
  taken,
  usernameTaken,
  type ViewAccount,
} from './account-rows.ts';
import type { AccountStatements } from './account-statements.ts';
import type { KeyStatements } from './keys/key-statements.ts';
import { newPasswordErrors, usernameKey } from './passwords/credentials.ts';
import type { Passwords } from './passwords/passwords.ts';
import type { AccountBodies } from './request-bodies.ts';
import type { AccountRow } from './resources.ts';
import { ownSession, ownSessions, type SessionDependencies } from './sessions/own-sessions.ts';
import type { Refresh } from './sessions/refresh.ts';
import { signIn } from './sessions/sign-in.ts';
import { type AttemptOutcome, sourceOf, type Throttle } from './throttling/throttle.ts';

interface AccountDependencies extends SessionDependencies {
  readonly app: { readonly name: string; readonly accounts: Accounts };
  readonly bodies: AccountBodies;
  readonly accounts: AccountStatements;
  readonly rows: AccountRows;
  readonly view: ViewAccount;
  readonly viewOwn: ViewAccount;
  readonly keys: KeyStatements;
  readonly refresh: Refresh;
  readonly passwords: Passwords;
  readonly throttle: Throttle;
  /** Asks a new account to verify its address, in its transaction; undefined where accounts have none. */
  readonly signedUp?: ((context: Context, account: RowId) => Promise<void>) | undefined;
}

/** The accounts of an app as every channel uses them. The rules of the declaration are asked here. */
export function accountService(dependencies: AccountDependencies): AccountService {
  return {
    ...entrances(dependencies),
    ...accountRowVerbs({ ...dependencies, declared: dependencies.app.accounts }),
    ...administration(dependencies),
    ...ownAccount(dependencies),
    ...ownSessions(dependencies),
  };
}

/** Signing up and in. */
function entrances(
  dependencies: AccountDependencies,
): Pick<AccountService, 'signUp' | 'signIn' | 'refresh' | 'renewAccess'> {
  const { app, store, rows, viewOwn, accounts, sessions, refresh, passwords, throttle, now, log } =
    dependencies;
  const declared = app.accounts;
  const { writer } = rows;
  // Who signs up knows what an account sees of itself.
  const readable = writer.model.policy.fields(callerOf(0), 'see', 0);
  return {
    /** The password is hashed before the transaction, which waits for nothing else; also one that was given. */
    async signUp(context, given) {
      const { caller } = context;
      writer.model.policy.admit(caller, 'create');
      const { username, password, ...own } = checkedSignUp(dependencies, caller, given);
      const source = sourceOf(context.origin.address);
      const key = usernameKey(declared.username, username);
      const hash = await beforeWrite(context, async (before) => {
        try {
          throttle.signUp(source);
        } catch (error) {
          log({ event: 'sign_up_throttled', source }, context.origin);
          throw error;
        }
        const names = { username, username_key: key, ...accounts.otherNames?.(username) };
        const [same] = await accounts.byName(readerOf(store, before), names);
        if (same) throw taken();
        return password === undefined ? null : passwords.hash(password);
      });
      const values = { created_at: new Date(now()).toISOString() };
      return inTransaction(store, context, async (transaction) => {
        const write = { verb: 'create', body: { ...own, username }, values, readable } as const;
        const { id } = await writer.write({ ...context, transaction }, write).catch(usernameTaken);
        await accounts
          .setCredentials(transaction, { id, username_key: key, password_hash: hash })
          .catch(usernameTaken);
        await throttle.trust(transaction, id, source);
        await dependencies.signedUp?.({ ...context, transaction }, id);
        transaction.afterCommit.push(() => log({ event: 'signed_up', account: id, source }, context.origin));
        return viewOwn(transaction, callerOf(id), id);
      });
    },

    signIn: signIn({ ...dependencies, declared }),

    async refresh(context, token) {
      const session = await refresh.redeem(token, true, context);
      const { account } = session;
      return sessions.tokensOf(session, await viewOwn(store, callerOf(account), account));
    },

    renewAccess: async (context, token) => sessions.accessOf(await refresh.redeem(token, false, context)),
  };
}

/** The body of a sign-up: credentials, and the account's own fields. Throws `unknown_field` and `invalid`. */
function checkedSignUp(
  { app, bodies, rows: { writer } }: AccountDependencies,
  caller: Caller,
  given: unknown,
): { username: string; password?: string; [own: string]: unknown } {
  if (!isObject(given)) return bodies.signUp.check(given);
  const { username, password, ...own } = given;
  const credentials = {
    ...('username' in given && { username }),
    ...('password' in given && { password }),
  };
  const errors = [
    ...errorsOf(() => bodies.signUp.check(credentials)),
    // Of the name the other check has said what is wrong.
    ...errorsOf(() => writer.check(caller, { ...own, username: 'name' })),
  ];
  if (errors.length === 0) return { ...own, ...bodies.signUp.check(credentials) };
  const settable = writer.model.policy.fields(caller, 'create').fields.filter(({ writable }) => writable);
  const names = settable.map(({ name }) => name);
  throw bodyProblem(errors, app.accounts.password === false ? names : names.toSpliced(1, 0, 'password'));
}

function errorsOf(check: () => unknown): readonly FieldError[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof Problem && error.errors.length > 0) return error.errors;
    throw error;
  }
}

/** An account as the caller that it is. */
function callerOf(account: RowId): Caller {
  return { kind: 'account', account, session: '' };
}

type AdministratorEvent =
  | 'account_enabled'
  | 'account_disabled'
  | 'password_reset'
  | 'roles_changed'
  | 'sessions_ended';

/** Accounts in the hands of the administrator, and of those who give roles. */
function administration(
  dependencies: AccountDependencies,
): Pick<AccountService, 'disable' | 'enable' | 'resetPassword' | 'setRoles' | 'endSessionsOf'> {
  const { app, store, view, bodies, accounts, sessions, passwords, now, log } = dependencies;
  const admitAdministrator = withoutKeys(admission(administrator, false));
  const admitGrant = withoutKeys(admission(app.accounts.can.grant, false));

  /** Runs a change of one account by whom it is for, with the row locked. Throws `not_found`. */
  async function administer<T>(
    context: Context,
    { id, event, ...facts }: { id: RowId; event: AdministratorEvent; roles?: readonly string[] },
    write: (transaction: Executor, row: AccountRow) => Promise<T>,
  ): Promise<T> {
    return inTransaction(store, context, async (transaction) => {
      const [row] = isAccountId(app.accounts.id, id) ? await accounts.lock(transaction, { id }) : [];
      if (!row) throw notFound(id);
      transaction.afterCommit.push(sessions.callers.forget, () =>
        log({ event, account: id, ...facts }, context.origin),
      );
      await sessions.callers.tell(transaction);
      return write(transaction, row);
    });
  }

  async function setDisabled(context: Context, id: RowId, at: string | null): Promise<Account> {
    admitAdministrator(context.caller);
    const event = at === null ? 'account_enabled' : 'account_disabled';
    await administer(context, { id, event }, async (transaction) => {
      await accounts.setDisabled(transaction, { id, disabled_at: at });
      if (at !== null) await sessions.endAll(transaction, id);
    });
    return view(readerOf(store, context), context.caller, id);
  }

  return {
    disable: (context, id) => setDisabled(context, id, new Date(now()).toISOString()),
    enable: (context, id) => setDisabled(context, id, null),

    async setRoles(context, id, given) {
      const { caller } = context;
      admitGrant(caller);
      if (caller.kind === 'account' && caller.account === id)
        throw new Problem('forbidden', { detail: 'No account gives itself roles.' });
      const wanted = bodies.roles.check({ roles: given }).roles;
      // In one order, so that accounts with the same roles are one class of callers.
      const roles = [...app.accounts.roles, ...OPERATOR_ROLES].filter((role) => wanted.includes(role));
      return administer(context, { id, event: 'roles_changed', roles }, async (transaction, row) => {
        const changed = OPERATOR_ROLES.find((role) => row.roles.includes(role) !== roles.includes(role));
        if (changed && !isAdministrator(caller))
          throw new Problem('forbidden', { detail: `The role ${changed} is for administrators to give.` });
        await accounts.setRoles(transaction, { id, roles });
        return view(transaction, caller, id);
      });
    },

    async endSessionsOf(context, id) {
      admitAdministrator(context.caller);
      await administer(context, { id, event: 'sessions_ended' }, (transaction) =>
        sessions.endAll(transaction, id),
      );
    },

    async resetPassword(context, id, given) {
      admitAdministrator(context.caller);
      const { password } = bodies.newPassword.check({ password: given });
      const reader = readerOf(store, context);
      const [row] = isAccountId(app.accounts.id, id) ? await accounts.byId(reader, { id }) : [];
      if (!row) throw notFound(id);
      requireGoodPassword(dependencies, '/password', password, row);
      const hash = await beforeWrite(context, () => passwords.hash(password));
      await administer(context, { id, event: 'password_reset' }, async (transaction) => {
        await accounts.setHash(transaction, { id, password_hash: hash });
        await sessions.endAll(transaction, id);
      });
    },
  };
}

/** Changes of an account by its owner. */
function ownAccount(dependencies: AccountDependencies): Pick<AccountService, 'remove' | 'changePassword'> {
  const { app, store, rows, bodies, accounts, keys, sessions, passwords, log } = dependencies;
  const { writer, deletion } = rows;
  const { dialect, table, versionedColumns } = writer.model;
  const locked = statement(
    dialect,
    sql`select ${versionedColumns} from ${table} where ${sql.ref('id')} = ${param('id')} ${dialect.forUpdate}`,
  );
  return {
    /** Sessions, keys and trusted sources end with the account, by their references to it. */
    async remove(context, id, proof = {}) {
      const { caller } = context;
      refuseViewer(caller);
      if (
        !isAdministrator(caller) ||
        caller.kind === 'key' ||
        (caller.kind === 'account' && caller.account === id)
      ) {
        const own = ownSession(caller);
        if (own.account !== id) throw new Problem('forbidden');
        const { password } = bodies.proof.check(proof);
        const [row] = await accounts.byId(store, { id });
        if (!row) throw notFound(id);
        if (row.password_hash !== null) {
          if (password === undefined)
            throw new Problem('invalid', {
              errors: [{ pointer: '/password', code: 'required', message: 'this field is required' }],
            });
          const asked = { row, password, pointer: '/password' };
          await beforeWrite(context, (before) => requirePassword(dependencies, before, asked));
        }
      }
      await inTransaction(store, context, async (transaction) => {
        const [columns] = isAccountId(app.accounts.id, id)
          ? await transaction.all(locked, bind(locked, { id }))
          : [];
        if (!columns) throw notFound(id);
        await deletion.forgetAccounts(transaction, caller, [columns.id as Value]);
        await keys.removeUsesOf(transaction, { account: id });
        await deletion.remove(transaction, caller, writer.model, columns);
        await sessions.callers.tell(transaction);
        transaction.afterCommit.push(sessions.callers.forget, () =>
          log({ event: 'account_deleted', account: id }, context.origin),
        );
      });
    },

    async changePassword(context, change) {
      const own = ownSession(context.caller);
      const { current, next } = bodies.passwordChange.check(change);
      const [row] = await accounts.byId(store, { id: own.account });
      if (!row) throw notFound(own.account);
      requireGoodPassword(dependencies, '/next', next, row);
      const hash = await beforeWrite(context, async (before) => {
        await requirePassword(dependencies, before, { row, password: current, pointer: '/current' });
        return passwords.hash(next);
      });
      await inTransaction(store, context, async (transaction) => {
        // Of two changes at a time the second has the wrong current password.
        const [locked] = await accounts.lock(transaction, { id: row.id });
        if (locked?.password_hash !== row.password_hash) throw wrongPassword('/current');
        await accounts.setHash(transaction, { id: row.id, password_hash: hash });
        await sessions.endAll(transaction, row.id, own.session);
        transaction.afterCommit.push(sessions.callers.forget, () =>
          log({ event: 'password_changed', account: row.id }, context.origin),
        );
      });
    },
  };
}

/** Asks for the password of an account by someone who is signed in to it, as often as guessing allows. */
export async function requirePassword(
  { store, passwords, throttle, log }: Pick<AccountDependencies, 'store' | 'passwords' | 'throttle' | 'log'>,
  context: Context,
  { row, password, pointer }: { row: AccountRow; password: string; pointer: string },
): Promise<void> {
  const attempt = await throttle.ownPassword(row.id);
  let outcome: AttemptOutcome = 'dropped';
  try {
    if ((await passwords.verify(password, row.password_hash)).ok) {
      await store.write((transaction) => attempt.store(transaction));
      outcome = 'succeeded';
      return;
    }
    outcome = 'failed';
    log({ event: 'password_wrong', account: row.id }, context.origin);
    throw wrongPassword(pointer);
  } finally {
    attempt.end(outcome);
  }
}

function requireGoodPassword(
  { app }: AccountDependencies,
  pointer: string,
  password: string,
  row: AccountRow,
): void {
  const errors = newPasswordErrors(pointer, password, row, app);
  if (errors.length > 0) throw new Problem('invalid', { errors });
}

/** An admission that refuses keys. */
function withoutKeys(admit: (caller: Caller) => void): (caller: Caller) => void {
  return (caller) => {
    admit(caller);
    refuseKey(caller);
  };
}

function notFound(id: RowId): Problem {
  return new Problem('not_found', { data: { resource: 'accounts', id } });
}

function wrongPassword(pointer: string): Problem {
  return new Problem('wrong_password', {
    errors: [{ pointer, code: 'wrong', message: 'is not the current password' }],
  });
}
