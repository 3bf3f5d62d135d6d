import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { Problem } from '../../problems.ts';
import { idFromText } from '../../rows/validate.ts';
import type { Id, RowId } from '../../schema/id.ts';
import { isAccountId } from '../account-rows.ts';
import { deriveKeys, type SigningSecret } from '../sessions/signing-secret.ts';

/** Our own are some 400 bytes; whatever is longer is refused unread. */
const MAX_LENGTH = 4096;
const FORM = /^[\w-]+\.[\w-]+\.([\w-]+)$/;

export interface AccessClaims {
  account: RowId;
  session: string;
  /** Milliseconds. */
  expires: number;
}

/** `generation`: how often the session's refresh token had been rotated when this one was made. */
export interface RefreshClaims extends AccessClaims {
  generation: number;
}

/** The claims of a token that is signed. */
interface Granted {
  readonly account: RowId;
  readonly session: string;
  /** Of a refresh token; null for an access token. */
  readonly generation: number | null;
  /** Milliseconds, cut to seconds in the token (RFC 7519, NumericDate). */
  issued: number;
  expires: number;
}

interface TokensOptions {
  app: string;
  id: Id;
  secret: SigningSecret;
  now: () => number;
}

interface Kind {
  typ: string;
  keys: readonly { kid: string; key: KeyObject }[];
}

/**
 * Signs and verifies the tokens of one app: JWT (RFC 7519), HS256 and nothing else (RFC 8725), each kind with its own
 * `typ` and its own key, so that neither can pass for the other. Verifying asks no database.
 */
export class TokenSigner {
  readonly #options: TokensOptions;
  readonly #access: Kind;
  readonly #refresh: Kind;

  constructor(options: TokensOptions) {
    this.#options = options;
    this.#access = kind('at+jwt', options, 'access-token');
    this.#refresh = kind('rt+jwt', options, 'refresh-token');
  }

  /** Signs a refresh token where there is a generation: its claims give the same token again, so that none has to be stored. */
  async sign({ account, session, generation, issued, expires }: Granted): Promise<string> {
    const { typ, keys } = generation === null ? this.#access : this.#refresh;
    const [signing] = keys;
    if (!signing) throw new TypeError('there is no key to sign with');
    const { SignJWT } = await import('jose/jwt/sign');
    return new SignJWT({ sid: session })
      .setProtectedHeader({ alg: 'HS256', typ, kid: signing.kid })
      .setIssuer(this.#options.app)
      .setAudience(this.#options.app)
      .setSubject(String(account))
      .setJti(generation === null ? randomBytes(16).toString('base64url') : `${session}.${generation}`)
      .setIssuedAt(Math.floor(issued / 1000))
      .setExpirationTime(Math.floor(expires / 1000))
      .sign(signing.key);
  }

  /** Throws `invalid_token`. Whether the session is active is not asked here. */
  async verifyAccess(token: string): Promise<AccessClaims> {
    return this.#claims(await this.#verify(this.#access, token));
  }

  /** Throws `invalid_token`. */
  async verifyRefresh(token: string): Promise<RefreshClaims> {
    const payload = await this.#verify(this.#refresh, token);
    const claims = this.#claims(payload);
    const generation = Number(String(payload.jti).slice(claims.session.length + 1));
    if (!Number.isSafeInteger(generation) || generation < 0) throw invalidToken();
    return { ...claims, generation };
  }

  async #verify(kind: Kind, token: string): Promise<JWTPayload> {
    // The last of its three parts as our own encoder writes it: its spare bits admit no second spelling.
    const signature = token.length > MAX_LENGTH ? undefined : FORM.exec(token)?.[1];
    if (signature === undefined) throw invalidToken();
    if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) throw invalidToken();
    const find = ({ kid }: { kid?: string }) => {
      const found = kind.keys.find((key) => key.kid === kid);
      if (!found) throw invalidToken();
      return found.key;
    };
    const { jwtVerify } = await import('jose/jwt/verify');
    try {
      const { payload } = await jwtVerify(token, find, {
        algorithms: ['HS256'],
        typ: kind.typ,
        issuer: this.#options.app,
        audience: this.#options.app,
        requiredClaims: ['sub', 'sid', 'jti', 'iat', 'exp'],
        clockTolerance: 0,
        currentDate: new Date(this.#options.now()),
      });
      return payload;
    } catch (error) {
      throw error instanceof Problem ? error : invalidToken(error);
    }
  }

  /** The claims as ours, each of the type we gave it. */
  #claims({ sub, sid, jti, aud, iat, exp }: JWTPayload): AccessClaims {
    const texts = typeof sub === 'string' && typeof sid === 'string' && typeof jti === 'string';
    const times = Number.isSafeInteger(iat) && Number.isSafeInteger(exp);
    if (!texts || !times || typeof aud !== 'string') throw invalidToken();
    const account = idFromText(this.#options.id, sub);
    if (!isAccountId(this.#options.id, account)) throw invalidToken();
    return { account, session: sid, expires: Number(exp) * 1000 };
  }
}

/** The answer to every token that is not valid, whatever is wrong with it. */
export function invalidToken(cause?: unknown): Problem {
  return new Problem('invalid_token', {
    cause,
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  });
}

function kind(typ: string, { secret, app }: TokensOptions, purpose: string): Kind {
  const keys = deriveKeys(secret, app, purpose).map(({ kid, key }) => ({ kid, key: createSecretKey(key) }));
  return { typ, keys };
}
