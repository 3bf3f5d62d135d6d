import type { Problem, Result } from './problems.ts';

/** The tokens of a session, as they may be kept between visits. */
export interface Tokens {
  /** The access token: `Authorization: Bearer …`. */
  readonly access: string;
  /** The refresh token; undefined where the app hands out none. */
  readonly refresh?: string;
  /** The public id of the session. */
  readonly session: string;
}

/** Options of one request. */
export interface RequestOptions {
  /** Aborts the call: its problem has the code `aborted` then (default: none). */
  signal?: AbortSignal;
  /** Sent as `Idempotency-Key`: the server does the write once, however often it comes (default: a random one, of writes of rows). */
  idempotencyKey?: string;
}

/** Options of `createClient()`. */
export interface ClientOptions {
  /** Where the app stands: `https://example.com` or `https://example.com/messages`. */
  url: string;
  /** An API key or a token to use in place of signing in (default: none). */
  key?: string;
  /** Tokens of an earlier visit (default: none). */
  tokens?: Tokens;
  /** Called with new tokens, and with undefined where the session has ended (default: they are kept in memory alone). */
  onTokens?: (tokens: Tokens | undefined) => void;
  /** How often a request is sent again that was not answered, or with 429, 502, 503 or 504 (default: 3). */
  retries?: number;
  /** Maximum milliseconds to wait before one retry (default: 10,000). */
  maxDelay?: number;
  /** In place of the global `fetch` (default: that). */
  fetch?: typeof fetch;
}

/** A request as the transport sends it. */
export interface Sending extends RequestOptions {
  method: string;
  /** Below the app's URL, with its query. */
  path: string;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Has a random Idempotency-Key where none is named. */
  idempotent?: boolean;
  /** Sent without credentials, as sign-in is. */
  isPublic?: boolean;
  /** An answer that is no JSON is its text, in place of a failure. */
  takesText?: boolean;
  /** The body of an answer that is no failure is its stream. */
  streams?: boolean;
}

/** A sender of requests: the transport at once, a batch with others. */
export interface Sender {
  send(sending: Sending): Promise<Result<Received>>;
}

/** An answer that is no failure. */
export interface Received {
  readonly status: number;
  readonly etag: string | undefined;
  readonly body: unknown;
}

const BASE_DELAY = 200;

/** Sends requests with the credentials of a session, refreshes them, and tries again where that is safe. */
export class Transport implements Sender {
  tokens: Tokens | undefined;
  readonly #options: ClientOptions;
  readonly #url: string;
  /** The one refresh under way, which all requests wait for that need it. */
  #refreshing: Promise<boolean> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#url = options.url.replace(/\/+$/, '');
    this.tokens = options.tokens;
  }

  keep(tokens: Tokens | undefined): void {
    this.tokens = tokens;
    this.#options.onTokens?.(tokens);
  }

  async send({
    idempotent,
    idempotencyKey = idempotent ? randomKey() : undefined,
    ...plain
  }: Sending): Promise<Result<Received>> {
    const key = idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey };
    const sending = { ...plain, headers: { ...plain.headers, ...key } };
    const used = this.tokens?.access;
    const first = await this.#tried(sending);
    if (first.ok || first.problem.status !== 401 || sending.isPublic || used === undefined) return first;
    // Another request may have refreshed them meanwhile.
    const isFresh = this.tokens?.access !== used || (await this.#refreshed());
    return isFresh && this.tokens ? this.#tried(sending) : first;
  }

  /** Exchanges the refresh token, once for all who ask at a time. False where the session cannot go on. */
  #refreshed(): Promise<boolean> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<boolean> {
    const refresh = this.tokens?.refresh;
    if (refresh === undefined) {
      this.keep(undefined);
      return false;
    }
    const body = { refresh_token: refresh };
    const answer = await this.#tried({ method: 'POST', path: '/v1/sessions:refresh', body, isPublic: true });
    if (answer.ok) this.keep(tokensOf(answer.value.body));
    // Without an answer the session may well go on.
    else if (answer.problem.status === 401 || answer.problem.status === 400) this.keep(undefined);
    return answer.ok;
  }

  /**
   * Reads, and writes with an Idempotency-Key, are tried again whatever happened; other writes where the server refused to begin
   * (429), for they may have been done.
   */
  async #tried(sending: Sending): Promise<Result<Received>> {
    const { retries = 3, maxDelay = 10_000 } = this.#options;
    const isSafe = sending.method === 'GET' || sending.headers?.['idempotency-key'] !== undefined;
    for (let attempt = 0; ; attempt += 1) {
      const { result, retryAfter } = await this.#once(sending);
      if (result.ok || attempt >= retries) return result;
      const { code, status } = result.problem;
      const mayRetry =
        status === 429 ||
        code === 'idempotency_key_in_use' ||
        (isSafe && (code === 'network' || [502, 503, 504].includes(status)));
      if (!mayRetry || retryAfter > maxDelay) return result;
      const backoff = Math.random() * Math.min(maxDelay, BASE_DELAY * 2 ** attempt);
      await delay(retryAfter + backoff, sending.signal);
    }
  }

  async #once(sending: Sending): Promise<{ result: Result<Received>; retryAfter: number }> {
    const { method, path, body, headers, isPublic, signal, takesText } = sending;
    const isForm = body instanceof FormData;
    const { key, fetch: own = fetch } = this.#options;
    const credential = isPublic ? undefined : (this.tokens?.access ?? key);
    try {
      const response = await own(`${this.#url}${path}`, {
        method,
        headers: {
          accept: takesText ? 'application/json, */*;q=0.5' : 'application/json',
          ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
          ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
          ...headers,
        },
        ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
        ...(signal && { signal }),
      });
      if (sending.streams && response.ok) {
        const value = { status: response.status, etag: undefined, body: response.body };
        return { result: { ok: true, value }, retryAfter: 0 };
      }
      const text = await response.text();
      const retryAfter = Number(response.headers.get('retry-after') ?? 0) * 1000 || 0;
      return { result: resultOf(response, text, takesText), retryAfter };
    } catch (error) {
      const code = signal?.aborted ? 'aborted' : 'network';
      const problem = clientProblem(code, 0, error instanceof Error ? error.message : String(error));
      return { result: { ok: false, problem }, retryAfter: 0 };
    }
  }
}

function resultOf(response: Response, text: string, takesText?: boolean): Result<Received> {
  const { status, headers } = response;
  let body: unknown;
  try {
    const isText = takesText && response.ok && !headers.get('content-type')?.includes('json');
    if (text !== '') body = isText ? text : JSON.parse(text);
  } catch {
    return { ok: false, problem: clientProblem('unreadable', status, 'The answer is no JSON.') };
  }
  if (response.ok || status === 304)
    return { ok: true, value: { status, etag: headers.get('etag') ?? undefined, body } };
  // Errors of the uniform API are problems; those of a contract have a shape of their own.
  const isProblem = headers.get('content-type')?.includes('problem');
  const own = { title: '', detail: text, code: 'unreadable', data: { body } };
  const problem = { ...(isProblem ? {} : own), ...Object(body), status };
  return { ok: false, problem: problem as Problem };
}

function clientProblem(code: 'network' | 'aborted' | 'unreadable', status: number, detail: string): Problem {
  return { code, status, title: detail, detail };
}

/** The tokens of a sign-in or a refresh, which are those of OAuth2 (RFC 6749, 5.1). */
export function tokensOf(body: unknown): Tokens {
  const { access_token: access, refresh_token: refresh, session } = Object(body);
  return { access, ...(refresh !== undefined && { refresh }), session };
}

function randomKey(): string {
  // Not randomUUID(), which browsers have on secure pages alone.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

/** Waits, until a signal aborts it. */
export function delay(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
