import { sql } from '../database/sql.ts';
import { bind, param, statement } from '../database/statement.ts';
import type { Executor, Store } from '../database/store.ts';
import { Problem } from '../problems.ts';
import type { Projection } from '../rows/model.ts';
import type { AccountRows } from '../rows/open-services.ts';
import { admission, CallerValues } from '../rows/policy.ts';
import { inTransaction, readerOf } from '../rows/transaction.ts';
import { isObject, notFound } from '../rows/validate.ts';
import type { Accounts } from '../schema/accounts.ts';
import { accountOf, type Caller, system } from '../schema/caller.ts';
import type { Id, RowId } from '../schema/id.ts';
import type { Account, AccountService } from '../schema/services/account-service.ts';
import type { Page } from '../schema/services/list-query.ts';
import type { Versioned } from '../schema/services/row-service.ts';
import type { AccountStatements } from './account-statements.ts';
import { usernameKey } from './passwords/credentials.ts';
import type { AccountBodies } from './request-bodies.ts';

/**
 * Reads an account as a caller may see it, of its own more than of others; no rule of rows is asked. Throws `not_found`.
 *
 * @param id that accounts can have.
 */
export type ViewAccount = (executor: Executor, caller: Caller, id: RowId) => Promise<Versioned<Account>>;

/** Compiles the reads of accounts: `view` for any caller; `viewOwn` of the own account, for a caller without roles, who sees `own` of it. */
export function accountViewer({ writer: { model } }: AccountRows) {
  const viewOf = ({ versionedColumns, decodeVersioned }: Projection): ViewAccount => {
    const byId = statement(
      model.dialect,
      sql`select ${versionedColumns} from ${model.table} where ${sql.ref('id')} = ${param('id')}`,
    );
    return async (executor, caller, id) => {
      const [found] = await executor.all(byId, bind(byId, { id }, new CallerValues(caller)));
      if (!found) throw notFound(model, id);
      // Rows of accounts have the members of every account, and the declared ones.
      return decodeVersioned(found) as unknown as Versioned<Account>;
    };
  };
  const views = new Map<Projection, ViewAccount>();
  const view: ViewAccount = (executor, caller, id) => {
    const fields = model.policy.fields(caller, 'see', id);
    const made = views.get(fields) ?? viewOf(fields);
    views.set(fields, made);
    return made(executor, caller, id);
  };
  const holder: Caller = { kind: 'account', account: 0, session: '' };
  const own = model.policy.fields(holder, 'see', holder.account);
  return { own, view, viewOwn: viewOf(own) };
}

interface Dependencies {
  readonly declared: Accounts;
  readonly store: Store;
  readonly rows: AccountRows;
  readonly view: ViewAccount;
  readonly bodies: AccountBodies;
  readonly accounts: AccountStatements;
}

/** Accounts as rows, read and changed under the declared rules as those of any resource are. */
export function accountRowVerbs({
  declared,
  store,
  rows: { service, writer },
  view,
  bodies,
  accounts,
}: Dependencies): Pick<AccountService, 'read' | 'readMany' | 'list' | 'update'> {
  const admitRead = admission(declared.can.read, true);
  const admitList = admission(declared.can.list, true);
  return {
    async read(context, id) {
      const { caller } = context;
      if (caller.kind !== 'system' && accountOf(caller) === id)
        return view(readerOf(store, context), caller, id);
      admitRead(caller);
      // Scopes of keys name resources of the app; accounts are read by each key whose account may read them.
      const asked = caller.kind === 'key' ? { ...caller, scopes: null } : caller;
      return accountOfRow(await service.peek({ ...context, caller: asked }, id));
    },

    async readMany(ids) {
      const possible = ids.filter((id) => isAccountId(declared.id, id));
      const found = await service.readMany(system(), possible);
      return new Map([...found].map(([id, row]) => [id, accountOfRow(row)]));
    },

    async list(context, query, cursor) {
      admitList(context.caller);
      // The items are accounts as the caller may see them.
      return (await service.list(context, query, cursor)) as unknown as Page<Account>;
    },

    async update(context, id, given, options) {
      const { caller } = context;
      writer.model.policy.admit(caller, 'update');
      refuseKey(caller);
      const patch: unknown = given;
      if (isObject(patch) && caller.kind === 'system' && ('roles' in patch || 'disabled_at' in patch))
        throw new TypeError(
          'roles are set by setRoles, disabled_at by disable and enable: they know of sessions',
        );
      if (!isObject(patch) || patch.username === undefined)
        return accountOfRow(await service.patch(context, id, patch, options));
      const { username } = bodies.rename.check({ username: patch.username });
      const key = usernameKey(declared.username, username);
      return inTransaction(store, context, async (transaction) => {
        const body = { ...patch, username };
        const changed = await service
          .patch({ ...context, transaction }, id, body, options)
          .catch(usernameTaken);
        await accounts.setKey(transaction, { id, username_key: key }).catch(usernameTaken);
        return accountOfRow(changed);
      });
    },
  };
}

/** Accounts are for those who signed in: a key could be a copy that its owner does not know of. */
export function refuseKey(caller: Caller): void {
  if (caller.kind === 'key')
    throw new Problem('forbidden', { detail: 'An API key cannot manage accounts; sign in for that.' });
}

/** Throws the conflict of a user name, by which column it came; any other error as it is. */
export function usernameTaken(error: unknown): never {
  const isTaken =
    error instanceof Problem &&
    error.code === 'conflict' &&
    error.errors.some(({ pointer }) => /^\/username(_key)?$/.test(pointer));
  throw isTaken ? taken() : error;
}

export function taken(): Problem {
  return new Problem('conflict', {
    detail: 'An account with this username exists already.',
    errors: [{ pointer: '/username', code: 'taken', message: 'another account has this username' }],
  });
}

/** Whether a value can be an id of this app's accounts. PostgreSQL refuses to compare with anything else. */
export function isAccountId(id: Id, value: unknown): value is RowId {
  if (id.kind === 'integer') return Number.isSafeInteger(value) && Number(value) >= 1;
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}

/** Rows of accounts have the members of every account, and the declared ones. */
function accountOfRow<T extends object>(row: T): T & Account {
  return row as T & Account;
}
