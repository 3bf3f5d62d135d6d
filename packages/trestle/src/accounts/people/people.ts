import { randomBytes } from 'node:crypto';
import { instantOf } from '../../clock.ts';
import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import type { Executor, Store } from '../../database/store.ts';
import { deliver, type Enqueue, MAIL_ATTEMPTS } from '../../mail/open-mail.ts';
import type { Transport } from '../../mail/transport.ts';
import { Problem } from '../../problems.ts';
import type { AccountRows } from '../../rows/open-services.ts';
import { admission } from '../../rows/policy.ts';
import { isAdministrator } from '../../rows/rules/caller-class.ts';
import { type SystemModel, SystemTable } from '../../rows/system-tables.ts';
import { inTransaction, type OpenTransaction } from '../../rows/transaction.ts';
import { isObject } from '../../rows/validate.ts';
import { type Accounts, hasOperatorRole, OPERATOR_ROLES } from '../../schema/accounts.ts';
import { accountOf, type Caller, type Context, system } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { Account, AccountService, RequestContext } from '../../schema/services/account-service.ts';
import type { MailService } from '../../schema/services/mail-service.ts';
import { refuseKey } from '../account-rows.ts';
import type { AccountStatements } from '../account-statements.ts';
import type { EventLog } from '../events.ts';
import { hashSecret } from '../keys/key-format.ts';
import { newPasswordErrors } from '../passwords/credentials.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { AccountBodies } from '../request-bodies.ts';
import type { AccountRow, LinkRow, links } from '../resources.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { RateLimiter } from '../throttling/rate-limiter.ts';
import { sourceOf } from '../throttling/throttle.ts';
import { linkMail, type Purpose } from './link-mails.ts';

const JOB = 'accounts.link';
const HOUR_MS = 3_600_000;
const LIFETIME_MS: Readonly<Record<Purpose, number>> = {
  verify: 24 * HOUR_MS,
  change: 24 * HOUR_MS,
  reset: HOUR_MS / 2,
  invite: 7 * 24 * HOUR_MS,
};
/** Links that one address is sent for one purpose within an hour; more are not sent, and nobody is told. */
const MAX_LINKS_AN_HOUR = 3;
/** Requests for links from one source, or by one account. */
const RATE = { limit: 20, window: 3600 };

interface Wanted {
  readonly purpose: Purpose;
  readonly account: RowId | null;
  /** Null: the account's own. */
  readonly address: string | null;
  readonly roles: readonly string[];
}

/** E-mail addresses of accounts: verified, changed and invited by links, and passwords that are reset by them. */
export interface PeopleService {
  /** Sends a link that verifies the address of the caller's account. */
  sendVerification(context: Context): Promise<void>;
  /** Verifies an address, or makes a new one an account's, by the token of a link. Throws `invalid_token`, `conflict`. */
  verify(context: RequestContext, body: unknown): Promise<void>;
  /** Sends a link that resets the password of the account with an address; the same whether there is one or not. */
  forgotPassword(context: RequestContext, body: unknown): Promise<void>;
  /** A new password by the token of a link; ends all sessions. Throws `invalid_token`, `invalid`. */
  resetPassword(context: RequestContext, body: unknown): Promise<void>;
  /** Sends a link to a new address of the caller's account, which it makes the account's. Throws `wrong_password`. */
  changeEmail(context: RequestContext, body: unknown): Promise<void>;
  /** Sends somebody a link to sign up, or to take roles. For whom the rule `can.grant` names. */
  invite(context: Context, body: unknown): Promise<void>;
  /** Signs up by the token of an invitation, or gives its roles to the caller's account. Throws `invalid_token`. */
  accept(context: RequestContext, body: unknown): Promise<Account>;
}

export interface PeopleDependencies {
  readonly app: { readonly name: string };
  readonly declared: Accounts;
  readonly store: Store;
  readonly model: SystemModel;
  readonly rows: AccountRows;
  readonly bodies: AccountBodies;
  readonly accounts: AccountStatements;
  readonly service: AccountService;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  readonly transport: Transport | undefined;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly log: EventLog;
  /** Throws `wrong_password` where it is not the account's. */
  requirePassword(context: Context, row: AccountRow, password: string): Promise<void>;
}

export class People implements PeopleService {
  readonly handlers = new Map([[JOB, { attempts: MAIL_ATTEMPTS, run: this.#run.bind(this) }]]);
  readonly #given: PeopleDependencies;
  readonly #field: string;
  readonly #links: ReturnType<typeof linkStatements>;
  readonly #limiter: RateLimiter;
  readonly #admitGrant: (caller: Caller) => void;
  #enqueue: Enqueue | undefined;
  #mail: MailService | undefined;

  constructor(given: PeopleDependencies, field: string) {
    this.#given = given;
    this.#field = field;
    this.#links = linkStatements(given.model);
    this.#limiter = new RateLimiter('mail', RATE, given.monotonic);
    this.#admitGrant = admission(given.declared.can.grant, false);
  }

  /** Lets links be sent, by the jobs of the app. */
  open(enqueue: Enqueue, mail: MailService): void {
    this.#enqueue = enqueue;
    this.#mail = mail;
  }

  /** Asks a new account to verify its address, in the transaction of its sign-up. */
  async signedUp(context: Context, account: RowId): Promise<void> {
    await this.#ask(context, { purpose: 'verify', account, address: null, roles: [] });
  }

  async sendVerification(context: Context): Promise<void> {
    const { account } = ownAccount(context.caller);
    this.#limit(String(account));
    await this.#ask(context, { purpose: 'verify', account, address: null, roles: [] });
  }

  async verify(context: RequestContext, body: unknown): Promise<void> {
    const { store, rows, accounts, log } = this.#given;
    const { token } = this.#given.bodies.link.check(body);
    await inTransaction(store, context, async (transaction) => {
      const { account: id, address, purpose } = await this.#take(transaction, token, ['verify', 'change']);
      const [row] = id === null ? [] : await accounts.lock(transaction, { id });
      const before = row && addressOf(row, this.#field);
      if (!row || row.disabled_at !== null || (purpose === 'verify' && before !== address)) throw spent();
      await rows.service.patch({ ...system({ transaction }) }, row.id, {
        [this.#field]: address,
        verified_email: address,
      });
      if (purpose === 'change') {
        // Whoever changed it without the owner's knowledge is seen there.
        const text = `The e-mail address of your account ${row.username} is now ${address}.\nIf that was not you, tell us.\n`;
        if (before)
          await this.#mail?.send(
            { ...context, transaction },
            { to: before, subject: 'Your e-mail address was changed', text },
          );
      }
      transaction.afterCommit.push(() => log({ event: 'email_verified', account: row.id }, context.origin));
    });
  }

  async forgotPassword(context: RequestContext, body: unknown): Promise<void> {
    const { email } = this.#given.bodies.address.check(body);
    this.#limit(sourceOf(context.origin.address));
    // Whose address it is, the job looks up: the answer takes as long where it is nobody's.
    await this.#ask(context, { purpose: 'reset', account: null, address: email, roles: [] });
  }

  async resetPassword(context: RequestContext, body: unknown): Promise<void> {
    const { store, declared, app, accounts, passwords, sessions, now, log } = this.#given;
    const { token, password } = this.#given.bodies.newPasswordByLink.check(body);
    const asked = { id: hashSecret(token), now: instantOf(now()) };
    // Asked before a password is hashed, and once more in the transaction.
    const [link] = await this.#links.usable(store, asked);
    const [known] = link?.account == null ? [] : await accounts.byId(store, { id: link.account });
    if (!known) throw spent();
    const errors = newPasswordErrors('/password', password, known, { ...app, accounts: declared });
    if (errors.length > 0) throw new Problem('invalid', { errors });
    const hash = await passwords.hash(password);
    await inTransaction(store, context, async (transaction) => {
      const { account: id, address } = await this.#take(transaction, token, ['reset']);
      const [row] = id === null ? [] : await accounts.lock(transaction, { id });
      if (!row || row.disabled_at !== null || addressOf(row, this.#field) !== address) throw spent();
      await accounts.setHash(transaction, { id: row.id, password_hash: hash });
      await this.#given.rows.service.patch({ ...system({ transaction }) }, row.id, {
        verified_email: address,
      });
      await sessions.endAll(transaction, row.id);
      await sessions.callers.tell(transaction);
      transaction.afterCommit.push(sessions.callers.forget, () =>
        log({ event: 'password_reset', account: row.id }, context.origin),
      );
    });
  }

  async changeEmail(context: RequestContext, body: unknown): Promise<void> {
    const { store, accounts, bodies } = this.#given;
    const { account } = ownAccount(context.caller);
    const { email, password } = bodies.emailChange.check(body);
    const [row] = await accounts.byId(store, { id: account });
    if (!row) throw new Problem('not_found');
    this.#limit(String(account));
    if (row.password_hash !== null) await this.#given.requirePassword(context, row, password ?? '');
    await this.#ask(context, { purpose: 'change', account, address: email, roles: [] });
  }

  async invite(context: Context, body: unknown): Promise<void> {
    const { caller } = context;
    this.#admitGrant(caller);
    refuseKey(caller);
    const { email, roles = [] } = this.#given.bodies.invitation.check(body);
    const ofOperator = roles.find((role) => OPERATOR_ROLES.includes(role));
    if (ofOperator && !isAdministrator(caller))
      throw new Problem('forbidden', { detail: `The role ${ofOperator} is for administrators to give.` });
    await this.#ask(context, { purpose: 'invite', account: null, address: email, roles });
  }

  async accept(context: RequestContext, body: unknown): Promise<Account> {
    const { store, service, rows, now } = this.#given;
    const { caller, origin } = context;
    const { token, ...given } = isObject(body) ? body : {};
    const checked = this.#given.bodies.link.check({ token });
    const [usable] = await this.#links.usable(store, {
      id: hashSecret(checked.token),
      now: instantOf(now()),
    });
    if (usable?.purpose !== 'invite') throw spent();
    if (caller.kind !== 'account' && given.password !== undefined && hasOperatorRole(usable.roles))
      this.#given.bodies.operatorPassword.check({ password: given.password });
    const write = async (transaction: OpenTransaction): Promise<Account> => {
      const own = { ...system({ transaction }), origin };
      const { address, roles } = await this.#take(transaction, checked.token, ['invite']);
      if (caller.kind === 'account') {
        const { roles: before = [] } = await service.read(own, caller.account);
        return service.setRoles(own, caller.account, [...new Set([...before, ...roles])]);
      }
      // The service checks the rest of the body.
      const wanted = { ...given, [this.#field]: address } as unknown as { username: string };
      const { id } = await service.signUp(own, wanted);
      await rows.service.patch({ ...system({ transaction }) }, id, { verified_email: address });
      return roles.length > 0 ? service.setRoles(own, id, roles) : service.read(own, id);
    };
    return inTransaction(store, context, write, { before: true });
  }

  #limit(who: string): void {
    const wait = this.#limiter.waitOf(who);
    if (wait > 0) throw this.#limiter.refusal(wait);
    this.#limiter.hit(who);
  }

  async #ask(context: Context, wanted: Wanted): Promise<void> {
    const key = `${wanted.purpose} ${hashSecret(String(wanted.address ?? wanted.account))}`;
    await this.#enqueue?.(context, JOB, wanted, { key });
  }

  async #take(transaction: Executor, token: string, purposes: readonly Purpose[]): Promise<LinkRow> {
    const asked = { id: hashSecret(token), now: instantOf(this.#given.now()) };
    const [taken] = await this.#links.take(transaction, asked);
    if (!taken || !purposes.some((purpose) => purpose === taken.purpose)) throw spent();
    const { purpose, address } = taken;
    await this.#links.forget(transaction, { purpose, address });
    return taken;
  }

  /** Makes a link and mails it. Its token is nowhere but in the mail: the database has its hash, the job its address. */
  async #run({ record }: { record: { readonly id: string; readonly input: unknown } }): Promise<object> {
    const { store, app, declared, transport, accounts, now, log } = this.#given;
    // As it was enqueued above.
    const wanted = record.input as Wanted;
    const [row] = await (wanted.account !== null
      ? accounts.byId(store, { id: wanted.account })
      : accounts.byAddress(store, { address: wanted.address ?? '' }));
    const own = row && addressOf(row, this.#field);
    const address = wanted.address ?? own;
    if (!transport || !address || !isWanted(wanted.purpose, row, own)) return {};
    const token = randomBytes(32).toString('base64url');
    const link = {
      id: hashSecret(token),
      purpose: wanted.purpose,
      account: wanted.purpose === 'invite' ? null : (row?.id ?? null),
      address,
      roles: wanted.roles,
      job: record.id,
      created_at: instantOf(now()),
      expires_at: instantOf(now() + LIFETIME_MS[wanted.purpose]),
    };
    const isStored = await store.write(async (transaction) => {
      await this.#links.purge(transaction, { now: instantOf(now()) });
      // Of an attempt that failed: its mail may not have arrived.
      await this.#links.replace(transaction, { job: record.id });
      const since = instantOf(now() - HOUR_MS);
      const recent = await this.#links.recent(transaction, { address, purpose: wanted.purpose, since });
      if (recent.length >= MAX_LINKS_AN_HOUR) return false;
      await this.#links.insert(transaction, link);
      return true;
    });
    if (!isStored) {
      log({ event: 'mail_throttled', purpose: wanted.purpose });
      return {};
    }
    const url = `${transport.publicUrl}/account#${wanted.purpose}=${token}`;
    const target = declared.links?.replace('{purpose}', wanted.purpose).replace('{token}', token) ?? url;
    const about = { app: app.name, link: target, username: row?.username ?? null };
    await deliver(transport, record.id, { to: address, ...linkMail(wanted.purpose, about) });
    return {};
  }
}

function isWanted(purpose: Purpose, row: AccountRow | undefined, own: string | null | undefined): boolean {
  if (purpose === 'invite') return true;
  if (!row || row.disabled_at !== null) return false;
  if (purpose === 'verify') return Reflect.get(row, 'verified_email') !== own;
  return purpose === 'change' || row.password_hash !== null;
}

/** The own field is a column of the accounts, which the engine's own statements read whole. */
function addressOf(row: AccountRow, field: string): string | null {
  const value: unknown = Reflect.get(row, field);
  return typeof value === 'string' ? value : null;
}

function ownAccount(caller: Caller): { account: RowId } {
  const account = accountOf(caller);
  refuseKey(caller);
  if (account === null) throw new Problem('forbidden', { detail: 'The administrator has no account.' });
  return { account };
}

function spent(): Problem {
  return new Problem('invalid_token', { detail: 'This link has been used or has expired. Ask for another.' });
}

function linkStatements(model: SystemModel) {
  const table = new SystemTable<typeof links>(model);
  const ofToken = sql`id = ${param('id')} and expires_at > ${param('now')}`;
  return {
    usable: table.select(sql`where ${ofToken}`),
    take: table.delete(ofToken),
    /** Others for the same: a link that was used ends those before it. */
    forget: table.execute(sql`delete from ${table.name} where purpose = ${param('purpose')}
      and address = ${param('address')}`),
    recent: table.select(sql`where address = ${param('address')} and purpose = ${param('purpose')}
      and created_at > ${param('since')}`),
    replace: table.execute(sql`delete from ${table.name} where job = ${param('job')}`),
    purge: table.execute(sql`delete from ${table.name} where expires_at <= ${param('now')}`),
    insert: table.insert(),
  };
}
