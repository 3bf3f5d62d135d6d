import { INTERNAL } from '../database/table.ts';
import { ACCOUNTS_TABLE, type Accounts, accountFields } from '../schema/accounts.ts';
import { resource, systemResource } from '../schema/define-resource.ts';
import { boolean } from '../schema/fields/boolean.ts';
import { integer } from '../schema/fields/integer.ts';
import { list } from '../schema/fields/list.ts';
import { reference } from '../schema/fields/reference.ts';
import { text } from '../schema/fields/texts/text.ts';
import { createdAt, timestamp } from '../schema/fields/timestamp.ts';
import { integerId, textId } from '../schema/id.ts';
import type { RowOf } from '../schema/row-types.ts';
import { administrator, own } from '../schema/rules.ts';
import { auditEntries } from './operators/audit.ts';
import { savedViews } from './operators/saved-views.ts';

/**
 * The tables of accounts, sessions, keys and tickets. None of them holds anything that could be used as a credential.
 * `username_key` is the name as it is compared; null where an older account has the same one. The accounts' own fields are
 * read and written as those of any resource, with `Accounts.resource`.
 */
export function accountResources(declared: Accounts) {
  const { email, fields } = declared;
  // The own fields that links in mails are about, where the app has them.
  const [address, verified] = email === undefined ? [] : [fields[email], fields.verified_email];
  const ofLinks =
    email !== undefined && address && verified ? { [email]: address, verified_email: verified } : {};
  const accounts = systemResource(
    resource({
      id: declared.id,
      fields: {
        ...accountFields(declared.username, declared.roles, declared.can.grant),
        ...(ofLinks as Record<never, never>),
        username_key: text({ nullable: true, unique: true }),
        password_hash: text({ nullable: true }),
      },
    }),
    { table: ACCOUNTS_TABLE, hidden: ['username_key', 'password_hash'], can: { read: administrator } },
  );
  const others = { attempts, tickets, setups, audit: auditEntries, saved_views: savedViews };
  return { accounts, sessions, keys, key_uses: keyUses, ...others };
}

/** The table of links in mails, of apps whose accounts have addresses. */
export function linkResources({ email }: Pick<Accounts, 'email'>): { links?: typeof links } {
  return email === undefined ? {} : { links };
}

/** Links in mails, by the hash of their token: for what, to which address, and the job that sent it. */
export const links = systemResource(
  resource({
    id: textId('^[0-9a-f]{64}$'),
    fields: {
      purpose: text(),
      account: reference('accounts', { nullable: true, onDelete: 'cascade' }),
      address: text({ index: true }),
      roles: list(text(), { default: [] }),
      job: text(),
      created_at: createdAt(),
      expires_at: timestamp({ index: true }),
    },
  }),
  { table: `${INTERNAL}links` },
);

export type AccountResources = ReturnType<typeof accountResources>;

/** `generation` counts the rotations of the session's refresh token, `rotated_at` is when the last one was. */
const sessions = systemResource(
  resource({
    id: textId('^[A-Za-z0-9_-]{22}$'),
    fields: {
      account: reference('accounts', { onDelete: 'cascade' }),
      generation: integer(),
      rotated_at: timestamp(),
      created_at: createdAt(),
      last_used_at: timestamp(),
      expires_at: timestamp({ index: true }),
    },
    order: '-created_at',
  }),
  { table: `${INTERNAL}sessions`, hidden: ['generation', 'rotated_at'], can: { read: own('account') } },
);

const keys = systemResource(
  resource({
    id: textId('^[0-9A-Za-z]{12}$'),
    fields: {
      account: reference('accounts', { nullable: true, onDelete: 'cascade' }),
      name: text({ max: 256 }),
      hash: text(),
      scopes: list(text(), { nullable: true, max: 100 }),
      active: boolean(),
      created_at: createdAt(),
      expires_at: timestamp({ nullable: true }),
      last_used_at: timestamp({ nullable: true }),
      uses: integer(),
    },
    order: '-created_at',
  }),
  { table: `${INTERNAL}keys`, hidden: ['hash'], can: { read: own('account') } },
);

/** No reference to the keys: uses are written after the requests, and a key may be gone by then. */
const keyUses = systemResource(
  resource({
    id: integerId(),
    fields: {
      key: text(),
      at: timestamp({ index: true }),
      method: text(),
      route: text(),
      status: integer(),
      source: text(),
    },
    order: '-id',
    indexes: [['key']],
  }),
  { table: `${INTERNAL}key_uses`, can: { read: administrator } },
);

/** Failed sign-ins in a row, by what they are counted for, and the sources that an account has signed in from. */
const attempts = systemResource(
  resource({
    id: textId('^.+$'),
    fields: {
      account: reference('accounts', { nullable: true, onDelete: 'cascade' }),
      failures: integer(),
      failed_at: timestamp({ nullable: true }),
      used_at: timestamp({ index: true }),
    },
  }),
  { table: `${INTERNAL}attempts` },
);

/** Tickets by their hashes: whose they are, and the path they are for. */
const tickets = systemResource(
  resource({
    id: textId('^[0-9a-f]{64}$'),
    fields: {
      path: text({ max: 2000 }),
      account: reference('accounts', { nullable: true, onDelete: 'cascade' }),
      session: text({ nullable: true }),
      key: text({ nullable: true }),
      expires_at: timestamp({ index: true }),
    },
  }),
  { table: `${INTERNAL}tickets` },
);

/** Links are of the server that prints them: they are not copied to another database. */
export const SETUPS_TABLE = `${INTERNAL}setups`;

/** Links that make the first operator, by the hash of their token. */
const setups = systemResource(
  resource({ id: textId('^[0-9a-f]{64}$'), fields: { expires_at: timestamp({ index: true }) } }),
  { table: SETUPS_TABLE },
);

export type AccountRow = RowOf<AccountResources['accounts']>;
export type SessionRow = RowOf<AccountResources['sessions']>;
export type KeyRow = RowOf<AccountResources['keys']>;
export type KeyUseRow = RowOf<AccountResources['key_uses']>;
export type LinkRow = RowOf<typeof links>;
export type TicketRow = RowOf<AccountResources['tickets']>;
export type AttemptRow = RowOf<AccountResources['attempts']>;
