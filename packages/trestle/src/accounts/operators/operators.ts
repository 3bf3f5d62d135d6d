import { hash } from 'node:crypto';
import { instantOf } from '../../clock.ts';
import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import type { Executor } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import { type SystemModel, SystemTable } from '../../rows/system-tables.ts';
import { beforeWrite, inTransaction, type OpenTransaction } from '../../rows/transaction.ts';
import { isObject } from '../../rows/validate.ts';
import { ADMINISTRATOR_ROLE, hasOperatorRole } from '../../schema/accounts.ts';
import { type Caller, type Context, system } from '../../schema/caller.ts';
import type { Account, AccountService, RequestContext } from '../../schema/services/account-service.ts';
import type { AccountResources, SessionRow } from '../resources.ts';
import type { Lifetimes } from '../sessions/sessions.ts';
import { openSession, type SignInDependencies } from '../sessions/sign-in.ts';
import { sourceOf } from '../throttling/throttle.ts';
import type { CsrfTokens } from '../tokens/csrf-tokens.ts';

/** Longest time of an operator's session: a working day (ASVS 7.3.2). */
const MAX_SESSION_MS = 12 * 3_600_000;
/** How long a link that makes the first operator may be used. */
const SETUP_LIFETIME_MS = 24 * 3_600_000;

/** Who is signed in, as the pages of an operator are told. */
export interface OperatorView {
  /** Null for the holder of the administrator's secret. */
  readonly account: Account | null;
  readonly roles: readonly string[];
  /** To be sent as `X-CSRF-Token` with whatever may change something; null where no cookie needs it. */
  readonly csrf: string | null;
  readonly expires_at: string | null;
}

/** A new session of an operator, with the cookie that stands for it. */
export interface OperatorSession extends OperatorView {
  readonly cookie: string;
  /** Seconds. */
  readonly maxAge: number;
}

/** Writes down what an operator did, in the transaction of what it changed. */
type RecordAct = (transaction: Executor, operator: Caller) => Promise<void>;

/** Operators of an app: accounts with the role `administrator` or `viewer`, who sign in by cookie. */
export interface OperatorService {
  /** Throws what any sign-in does, and `forbidden` for an account that is no operator. */
  signIn(context: RequestContext, credentials: unknown): Promise<OperatorSession>;
  /** Who calls. Throws `forbidden` for whoever is no operator. */
  view(context: Context): Promise<OperatorView>;
  /**
   * Makes an operator: an account with a password and this role. `body` holds `username`, `password`, and own fields of accounts.
   * Throws what a sign-up does, and `invalid` for a password that is too weak for an operator.
   */
  create(context: RequestContext, body: unknown, role: string): Promise<Account>;
  /**
   * Makes the first operator, by the token of a link, once, and signs in. Throws `invalid_token`.
   * `record` is called in the same transaction, with the operator as a caller.
   */
  setUp(context: RequestContext, body: unknown, record: RecordAct): Promise<OperatorSession>;
  /** Lets a token, known by its hash, make the first operator. False where there is one. */
  offerSetup(tokenHash: string): Promise<boolean>;
}

interface Dependencies extends SignInDependencies {
  readonly service: AccountService;
  readonly lifetimes: Lifetimes;
  readonly setups: SystemModel;
  readonly csrf: CsrfTokens;
  readonly now: () => number;
}

/** The hash by which the token of a link is known: 256 random bits need no slow one (ASVS 6.5.2). */
export function setupHash(token: string): string {
  return hash('sha256', token);
}

export function operatorService(dependencies: Dependencies): OperatorService {
  return new Operators(dependencies);
}

class Operators implements OperatorService {
  readonly #dependencies: Dependencies;
  readonly #lifetimes: Lifetimes;
  readonly #setups: ReturnType<typeof setupStatements>;

  constructor(dependencies: Dependencies) {
    const length = Math.min(dependencies.lifetimes.session, MAX_SESSION_MS);
    this.#dependencies = dependencies;
    this.#lifetimes = { access: length, refresh: null, session: length };
    this.#setups = setupStatements(dependencies.setups);
  }

  async signIn(context: RequestContext, credentials: unknown): Promise<OperatorSession> {
    const options = {
      find: this.#dependencies.accounts.unchanged,
      lifetimes: this.#lifetimes,
      require({ roles }: { readonly roles: readonly string[] }) {
        if (!hasOperatorRole(roles)) throw noOperator();
      },
    };
    const { session } = await openSession(this.#dependencies, context, credentials, options);
    const source = sourceOf(context.origin.address);
    this.#dependencies.log({ event: 'operator_signed_in', account: session.account, source }, context.origin);
    return this.#sessionOf(session);
  }

  async view(context: Context): Promise<OperatorView> {
    const { service, sessions, csrf } = this.#dependencies;
    const { caller } = context;
    if (caller.kind === 'administrator')
      return { account: null, roles: [ADMINISTRATOR_ROLE], csrf: null, expires_at: null };
    if (caller.kind !== 'account' || !hasOperatorRole(caller.roles)) throw noOperator();
    return {
      account: await service.read(context, caller.account),
      roles: caller.roles ?? [],
      csrf: csrf.of(caller.session),
      expires_at: await sessions.callers.expiryOf(caller.session),
    };
  }

  async create(context: RequestContext, body: unknown, role: string): Promise<Account> {
    const { store, declared, bodies, passwords, accounts, service, log } = this.#dependencies;
    const { password, ...own } = isObject(body) ? body : {};
    const checked = bodies.operatorPassword.check(password === undefined ? {} : { password });
    const signsUpWithPassword = declared.password !== false;
    const hash = signsUpWithPassword
      ? null
      : await beforeWrite(context, () => passwords.hash(checked.password));
    // The service checks the body.
    const wanted = { ...own, ...(signsUpWithPassword && checked) } as unknown as { username: string };
    const write = async (transaction: OpenTransaction) => {
      const within = { ...system({ transaction }), origin: context.origin };
      const { id } = await service.signUp(within, wanted);
      if (hash !== null) await accounts.setHash(transaction, { id, password_hash: hash });
      const source = sourceOf(context.origin.address);
      transaction.afterCommit.push(() =>
        log({ event: 'operator_made', account: id, source }, context.origin),
      );
      return service.setRoles(within, id, [role]);
    };
    return inTransaction(store, context, write, { before: true });
  }

  async setUp(context: RequestContext, given: unknown, record: RecordAct): Promise<OperatorSession> {
    const { store, sessions, now } = this.#dependencies;
    const { token, ...body } = isObject(given) ? given : {};
    const asked = { id: typeof token === 'string' ? setupHash(token) : '', now: instantOf(now()) };
    // Asked before a password is hashed, and once more in the transaction.
    if ((await this.#setups.usable(store, asked)).length === 0) throw this.#noSetup(context);
    const write = async (transaction: OpenTransaction) => {
      const [taken] = await this.#setups.take(transaction, asked);
      // Others that were printed wait for this one, and find that there is an operator.
      await this.#setups.forget(transaction);
      if (!taken || (await this.#hasAdministrator(transaction))) throw this.#noSetup(context);
      const { caller, origin } = context;
      const { id } = await this.create({ caller, origin, transaction }, body, ADMINISTRATOR_ROLE);
      const row = await sessions.open(transaction, id, this.#lifetimes);
      await record(transaction, { kind: 'account', account: id, session: row.id });
      return row;
    };
    return this.#sessionOf(await inTransaction(store, context, write, { before: true }));
  }

  offerSetup(tokenHash: string): Promise<boolean> {
    const { store, now } = this.#dependencies;
    return store.write(async (transaction) => {
      if (await this.#hasAdministrator(transaction)) return false;
      const expires_at = instantOf(now() + SETUP_LIFETIME_MS);
      await this.#setups.offer(transaction, { id: tokenHash, expires_at });
      return true;
    });
  }

  async #sessionOf(row: SessionRow): Promise<OperatorSession> {
    const { service, sessions, csrf, now } = this.#dependencies;
    const { expires_at } = row;
    const account = await service.read(system(), row.account);
    return {
      account,
      roles: account.roles ?? [],
      csrf: csrf.of(row.id),
      expires_at,
      cookie: await sessions.cookieOf(row),
      maxAge: Math.floor((Date.parse(expires_at) - now()) / 1000),
    };
  }

  #noSetup({ origin }: RequestContext): Problem {
    this.#dependencies.log({ event: 'setup_refused', source: sourceOf(origin.address) }, origin);
    return new Problem('invalid_token', {
      detail: 'This link has been used or has expired, or the app has an administrator already.',
    });
  }

  async #hasAdministrator(transaction: Executor): Promise<boolean> {
    const like = `%"${ADMINISTRATOR_ROLE}"%`;
    const found = await this.#dependencies.accounts.withRole(transaction, { like });
    return found.some(({ roles }) => roles.includes(ADMINISTRATOR_ROLE));
  }
}

function setupStatements(model: SystemModel) {
  const table = new SystemTable<AccountResources['setups']>(model);
  const ofToken = sql`id = ${param('id')} and expires_at > ${param('now')}`;
  return {
    usable: table.select(sql`where ${ofToken}`),
    take: table.delete(ofToken),
    forget: table.execute(sql`delete from ${table.name}`),
    offer: table.insert(sql`on conflict (id) do nothing`),
  };
}
function noOperator(): Problem {
  return new Problem('forbidden', {
    detail: 'This account has neither the role administrator nor viewer; an administrator can give it one.',
  });
}
