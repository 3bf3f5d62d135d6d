import { hash, timingSafeEqual } from 'node:crypto';
import { Problem } from '../problems.ts';
import type { Caller } from '../schema/caller.ts';
import type { Authenticator, Purpose } from './authenticator.ts';
import { hashSecret, KEY_PREFIX, parseKey } from './keys/key-format.ts';
import type { KeyRows } from './keys/key-rows.ts';
import type { KeyUsage } from './keys/key-usage.ts';
import { serves } from './keys/keys.ts';
import type { Sessions } from './sessions/sessions.ts';
import { type AccessClaims, invalidToken, type TokenSigner } from './tokens/tokens.ts';

interface Parts {
  tokens: TokenSigner;
  sessions: Sessions;
  keyRows: KeyRows;
  usage: KeyUsage;
  administratorSecret: string | undefined;
  now: () => number;
}

const ADMINISTRATOR: Caller = Object.freeze({ kind: 'administrator' });
/** Compared with where there is no such key, so that this takes as long. No secret has this hash. */
const NO_HASH = '0'.repeat(64);

/** The authenticator of one app. */
export function openAuthenticator(parts: Parts): Authenticator {
  const { administratorSecret, usage } = parts;
  // An empty secret is none: it would let everybody in.
  const expected = administratorSecret ? digest(administratorSecret) : undefined;
  const isAdministrator = (secret: string) =>
    expected !== undefined && timingSafeEqual(digest(secret), expected);
  return {
    bearer(token, purpose) {
      // A token that was verified before is no administrator's secret: that comparison hashes it.
      if (!parts.tokens.remembers(token) && isAdministrator(token)) return ADMINISTRATOR;
      return token.startsWith(KEY_PREFIX) ? byKey(parts, token) : byToken(parts, token, purpose);
    },
    key: (key) => byKey(parts, key),
    administrator(secret) {
      if (isAdministrator(secret)) return ADMINISTRATOR;
      throw new Problem('invalid_token', { detail: "The administrator's secret is wrong." });
    },
    async requireActive(caller) {
      if (caller.kind === 'account' && caller.session !== '') {
        const { account, session } = caller;
        if (!(await parts.sessions.stands({ account, session }, 'write'))) throw invalidToken();
      } else if (caller.kind === 'key') {
        const row = await parts.keyRows.usable(caller.key);
        if (!row || !serves(row, parts.now())) throw invalidKey();
      }
    },
    used(caller, use) {
      if (caller.kind === 'key') usage.note(caller.key, use);
    },
  };
}

async function byToken(parts: Parts, token: string, purpose: Purpose): Promise<Caller> {
  return standing(parts, await parts.tokens.verifyAccess(token), purpose);
}

async function standing({ sessions }: Parts, claims: AccessClaims, purpose: Purpose): Promise<Caller> {
  const { account, session } = claims;
  if (!(await sessions.stands(claims, purpose))) throw invalidToken();
  return { kind: 'account', account, session };
}

async function byKey({ keyRows, now }: Parts, key: string): Promise<Caller> {
  const parsed = parseKey(key);
  if (!parsed) throw invalidKey();
  const row = await keyRows.usable(parsed.id);
  const same = timingSafeEqual(Buffer.from(hashSecret(parsed.secret)), Buffer.from(row?.hash ?? NO_HASH));
  if (!row || !same || !serves(row, now())) throw invalidKey();
  return { kind: 'key', account: row.account, key: row.id, scopes: row.scopes };
}

function invalidKey(): Problem {
  return new Problem('invalid_key', { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } });
}

/** Both sides become as long, so that the comparison tells nothing, not even the secret's length. */
function digest(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
