import { argon2, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/* Shared by the hand-written servers: JSON Schemas, tokens and passwords. */

const item = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    content: { type: 'string' },
    views: { type: 'integer' },
    created_at: { type: 'string' },
    updated_at: { type: 'string' },
  },
};

export const body = {
  type: 'object',
  required: ['content'],
  additionalProperties: false,
  properties: { content: { type: 'string', minLength: 1, maxLength: 160 } },
};

const params = { type: 'object', properties: { id: { type: 'integer', minimum: 1 } } };

export const listed = {
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      limit: { type: 'integer', minimum: 1, maximum: 200, default: 30 },
      contains: { type: 'string' },
      views: { type: 'integer' },
      before: { type: 'string' },
    },
  },
};

export const one = { params, response: { 200: item } };
export const changed = { params, body, response: { 200: item } };
export const created = { body, response: { 201: item } };

export interface ById {
  Params: { id: number };
}

export interface WithContent {
  Body: { content: string };
}

export interface Listed {
  Querystring: { limit: number; contains?: string; views?: number; before?: string };
}

export interface SignIn {
  Body: { username: string; password: string };
}

// HS256 tokens are verified once and then cached; passwords are hashed with Argon2id.
const SECRET = 'a secret of the benchmark, thirty-two bytes or more';
const HEADER = encoded({ alg: 'HS256', typ: 'JWT' });
const HOUR = 3_600_000;
const MAX_CACHED_TOKENS = 10_000;
const verified = new Map<string, number>();

export function signToken(account: number): string {
  const claims = encoded({ sub: String(account), exp: Math.floor((Date.now() + 2 * HOUR) / 1000) });
  return `${HEADER}.${claims}.${signature(`${HEADER}.${claims}`)}`;
}

export function isToken(header: string | undefined): boolean {
  if (!header?.startsWith('Bearer ')) return false;
  const token = header.slice(7);
  const expires = verified.get(token) ?? expiryOf(token);
  return expires > Date.now();
}

function expiryOf(token: string): number {
  const [header, claims = '', given = ''] = token.split('.');
  const wanted = Buffer.from(signature(`${header}.${claims}`));
  const shown = Buffer.from(given);
  if (wanted.length !== shown.length || !timingSafeEqual(wanted, shown)) return 0;
  const { exp }: { exp: number } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  if (verified.size >= MAX_CACHED_TOKENS) verified.clear();
  verified.set(token, exp * 1000);
  return exp * 1000;
}

function signature(text: string): string {
  return createHmac('sha256', SECRET).update(text).digest('base64url');
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const hash = promisify(argon2);

export interface PasswordHash {
  readonly salt: Buffer<ArrayBuffer>;
  readonly tag: Buffer<ArrayBuffer>;
}

export async function hashPassword(password: string, salt = randomBytes(16)): Promise<PasswordHash> {
  // The cost that OWASP's cheat sheet asks for at the least, and that Trestle has.
  const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };
  return { salt, tag: await hash('argon2id', { message: password, nonce: salt, ...cost }) };
}

export async function isPassword(password: string, { salt, tag }: PasswordHash): Promise<boolean> {
  return timingSafeEqual((await hashPassword(password, salt)).tag, tag);
}
