import { Problem } from '../problems.ts';
import type { RowId } from '../schema/id.ts';
import type { Account } from '../schema/services/account-service.ts';
import type { AccountParts } from './account-parts.ts';
import { type AccountRow, isAccountId } from './account-rows.ts';
import { invalid } from './passwords/credentials.ts';
import { passwordErrors } from './passwords/password-rule.ts';
import { shown, signUp } from './sign-up.ts';

/** What the operator of a server may do to accounts. It asks no rule: give it to nobody else. */
export interface AccountOperator {
  /** Throws `invalid` and `conflict`. */
  create(credentials: { username: string; password?: string }): Promise<Account>;
  /** By exact user name; undefined where there is none. */
  find(username: string): Promise<(Account & { disabled: boolean }) | undefined>;
  /** Ends all sessions at once; its keys and its password are refused until it is enabled again. Throws `not_found`. */
  disable(id: RowId): Promise<void>;
  /** Throws `not_found`. */
  enable(id: RowId): Promise<void>;
  /** A new password for who lost it; ends all sessions. Throws `invalid` and `not_found`. */
  resetPassword(id: RowId, password: string): Promise<void>;
}

export function accountOperator(parts: AccountParts): AccountOperator {
  const { rows, sessions, log } = parts;
  return {
    create: (credentials) => signUp(parts, credentials, null),
    async find(username) {
      const row = await rows.byName(username);
      return row && { ...shown(row), disabled: row.disabled_at !== null };
    },
    async disable(id) {
      const at = new Date(parts.now()).toISOString();
      await change(parts, id, async (transaction) => {
        await rows.setDisabled(transaction, id, at);
        await sessions.endAll(transaction, id);
      });
      log({ event: 'account_disabled', account: id });
    },
    async enable(id) {
      await change(parts, id, (transaction) => rows.setDisabled(transaction, id, null));
      log({ event: 'account_enabled', account: id });
    },
    async resetPassword(id, password) {
      const hash = await newHash(parts, await existing(parts, id), password);
      await change(parts, id, async (transaction) => {
        await rows.setHash(transaction, id, hash);
        await sessions.endAll(transaction, id);
      });
      log({ event: 'password_reset', account: id });
    },
  };
}

type Change = Parameters<AccountParts['store']['write']>[0];

async function change(parts: AccountParts, id: RowId, work: Change): Promise<void> {
  await existing(parts, id);
  await parts.store.write(async (transaction) => {
    await parts.rows.lock(transaction, id);
    await work(transaction);
  });
  parts.sessions.forget();
}

async function existing({ app, rows }: AccountParts, id: RowId): Promise<AccountRow> {
  const row = isAccountId(app.accounts.id, id) ? await rows.byId(id) : undefined;
  if (!row) throw new Problem('not_found', { data: { resource: 'accounts', id } });
  return row;
}

async function newHash({ app, passwords }: AccountParts, row: AccountRow, password: string): Promise<string> {
  const errors = passwordErrors(app.accounts, '/password', password, {
    app: app.name,
    username: row.username,
  });
  if (errors.length > 0) throw invalid(errors);
  return passwords.hash(password);
}
