import { randomBytes } from 'node:crypto';
import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import type { Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import { refuseAnonymous } from '../../rows/rules/caller-class.ts';
import { type SystemModel, SystemTable } from '../../rows/system-tables.ts';
import { inTransaction } from '../../rows/transaction.ts';
import type { Context } from '../../schema/caller.ts';
import { hashSecret } from '../keys/key-format.ts';
import type { AccountBodies } from '../request-bodies.ts';
import type { AccountResources, TicketRow } from '../resources.ts';

const LIFETIME_MS = 30_000;
const TICKET = /^[\w-]{43}$/;

/** A ticket as it is handed out, this once. */
interface Ticket {
  readonly ticket: string;
  readonly path: string;
  readonly expires_at: string;
}

/** Whose a ticket is: of neither a session nor a key, the administrator's. */
type Holder = Pick<TicketRow, 'account' | 'session' | 'key'>;

export interface Tickets {
  /** Makes a ticket of the caller's for one path. Throws `unauthenticated` and `invalid`. */
  create(context: Context, wanted: { path: string }): Promise<Ticket>;
  /** Spends a ticket on a path. Throws `invalid_token`. */
  take(ticket: string, path: string): Promise<Holder>;
}

interface Dependencies {
  readonly store: Store;
  readonly model: SystemModel;
  readonly bodies: AccountBodies;
  readonly now: () => number;
}

/**
 * Tickets: credentials for one GET of one path within 30 s, for clients that can set no header (EventSource, a link to a
 * download). The database has their hashes alone, so that every process takes a ticket, and only one of them does.
 */
export function openTickets({ store, model, bodies, now }: Dependencies): Tickets {
  const table = new SystemTable<AccountResources['tickets']>(model);
  const byId = table.select(sql`where id = ${param('id')}`);
  const remove = table.delete(sql`id = ${param('id')}`);
  const insert = table.insert();
  const purge = table.execute(sql`delete from ${table.name} where expires_at <= ${param('now')}`);
  return {
    async create(context, wanted) {
      const { caller } = context;
      if (caller.kind === 'anonymous') refuseAnonymous();
      const {
        account = null,
        session = null,
        key = null,
      }: Partial<Holder> = caller.kind === 'account' || caller.kind === 'key' ? caller : {};
      const { path } = bodies.ticket.check(wanted);
      const ticket = randomBytes(32).toString('base64url');
      const moment = now();
      const expires_at = new Date(moment + LIFETIME_MS).toISOString();
      await inTransaction(store, context, async (transaction) => {
        await purge(transaction, { now: new Date(moment).toISOString() });
        await insert(transaction, { id: hashSecret(ticket), path, account, session, key, expires_at });
      });
      return { ticket, path, expires_at };
    },
    async take(ticket, path) {
      const id = hashSecret(ticket);
      // Strangers' guesses cost no write.
      const [known] = TICKET.test(ticket) ? await byId(store, { id }) : [];
      const [taken] = known ? await store.write((transaction) => remove(transaction, { id })) : [];
      if (taken && taken.path === path && now() < Date.parse(taken.expires_at)) return taken;
      throw new Problem('invalid_token', {
        detail: 'The ticket is spent, has expired or is for another path. POST /v1/tickets makes another.',
      });
    },
  };
}
