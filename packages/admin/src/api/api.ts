import { createClient, type Problem, ProblemError, type Result, type WriteProblem } from 'trestle-client';
import { appOf } from './apps.ts';
import { createStore } from './store.ts';

/** Who is signed in to an app. */
export interface Session {
  /** Null for the administrator's secret. */
  account: { id: string | number; username: string } | null;
  roles: readonly string[];
  /** Sent with every request that changes something. */
  csrf: string;
}

export type Id = string | number;

/** A row as the uniform API answers it. */
export interface Row {
  readonly id: Id;
  readonly [field: string]: unknown;
}

export interface Page {
  items: Row[];
  next: string | null;
  prev: string | null;
  total?: number;
}

/** A query of a list, whose resource is known at run time alone. */
export interface RowsQuery {
  filter?: object;
  sort?: readonly string[];
  search?: string;
  fields?: readonly string[];
  expand?: object;
  limit?: number;
  cursor?: string;
  count?: 'exact' | 'estimated';
  /** The rows that were deleted softly, in place of the others. */
  deleted?: boolean;
}

/** Rows that are written together: those of a filter, where they are not more than `max`. */
export interface ManyQuery {
  filter?: object;
  search?: string;
  max: number;
  /** Everything but the commit. */
  dry_run?: boolean;
}

/** The typed client's verbs of a resource whose name is known at run time alone. */
interface AnyRows {
  list(query: RowsQuery, options?: { signal?: AbortSignal }): Promise<Result<Page>>;
  get(id: Id, options?: { expand?: object; signal?: AbortSignal }): Promise<Result<Row>>;
  create(body: object): Promise<Result<Row>>;
  createMany(bodies: readonly object[]): Promise<Result<Row[]>>;
  patch(id: Id, change: object): Promise<Result<Row, WriteProblem<Row>>>;
  patchMany(query: ManyQuery, change: object): Promise<Result<{ count: number }>>;
  deleteMany(query: ManyQuery): Promise<Result<{ count: number }>>;
  delete(id: Id, options?: { version?: 'any' }): Promise<Result<undefined, WriteProblem<Row>>>;
  transition(id: Id, name: string, options?: { version?: 'any' }): Promise<Result<Row, WriteProblem<Row>>>;
  start(id: Id, operation: string): Promise<Result<Row>>;
}

/** The client of one app. */
export interface AppClient {
  rows: Readonly<Record<string, AnyRows>>;
  request(
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Readonly<Record<string, string>>; signal?: AbortSignal },
  ): Promise<Result<unknown>>;
}

/** Where sessions are made, read and ended. */
export const SESSION_PATH = '/v1/admin/session';
/** Where the first operator of an app is made. */
export const SETUP_PATH = '/v1/admin/setup';

const sessions = new Map<string, Session>();
const clients = new Map<string, AppClient>();

/** The app whose session has ended, and what waits for a new one. */
export const expired = createStore<{ app: string; resume: () => void } | undefined>(undefined);

/** The account that each request is made as, for reading alone; undefined for the operator's own. */
export const viewedAs = createStore<{ app: string; id: Id; name: string } | undefined>(undefined);

/** False while the last request got no answer. */
export const connected = createStore(navigator.onLine);
addEventListener('offline', () => connected.set(false));
addEventListener('online', () => connected.set(true));

export function keepSession(app: string, session: Session | undefined): void {
  if (session) sessions.set(app, session);
  else sessions.delete(app);
}

/** A `GET` address of an app, for streams and downloads that the browser itself asks for. */
export function urlOf(app: string, path: string): string {
  return `${location.origin}${appOf(app).base}${path}`;
}

/** The client of an app: the cookie of its session, the CSRF token, and sign-in in place where the session has ended. */
export function clientOf(app: string): AppClient {
  const known = clients.get(app);
  if (known) return known;
  const made = createClient({ url: urlOf(app, ''), retries: 2, fetch: (url, init) => send(app, url, init) });
  // Resources are known by the declaration that the server answers, not by a type.
  const client = made as unknown as AppClient;
  clients.set(app, client);
  return client;
}

/** One request of the UI: every one goes through here. */
async function send(app: string, url: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const method = init.method ?? 'GET';
  const session = sessions.get(app);
  if (method !== 'GET' && session) headers.set('x-csrf-token', session.csrf);
  const viewed = viewedAs.get();
  // What somebody may do, and why, is the operator's own question.
  const isOwn = /\/v1\/admin\/|:can\?account=/.test(String(url));
  if (viewed?.app === app && !isOwn) headers.set('trestle-view-as', `accounts/${viewed.id}`);
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers, credentials: 'same-origin' });
  } catch (error) {
    if (!init.signal?.aborted) connected.set(false);
    throw error;
  }
  if (!connected.get()) connected.set(true);
  const isEntrance = [SESSION_PATH, SETUP_PATH].some((path) => String(url).endsWith(path));
  if (response.status !== 401 || isEntrance) return response;
  await signedInAgain(app);
  return send(app, url, init);
}

/** Waits until the operator has signed in again, without leaving the screen. */
function signedInAgain(app: string): Promise<void> {
  return new Promise((resolve) => {
    const waiting = expired.get();
    expired.set({
      app,
      resume: () => {
        waiting?.resume();
        resolve();
      },
    });
  });
}

/** A request that answers its value. @throws {ProblemError} */
export async function request<Value = unknown>(
  app: string,
  method: string,
  path: string,
  options?: Parameters<AppClient['request']>[2],
): Promise<Value> {
  const result = await clientOf(app).request(method, path, options);
  if (!result.ok) throw new ProblemError(result.problem);
  // What routes answer is what the server's own tests hold.
  return result.value as Value;
}

/** The rows of a list, page after page. @throws {ProblemError} */
export async function* pagesOf(
  app: string,
  resource: string,
  { expand: _, ...query }: RowsQuery,
): AsyncGenerator<Row[]> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const at = cursor === undefined ? {} : { cursor };
    const result = await clientOf(app).rows[resource]?.list({ ...query, ...at, limit: MAX_PAGE });
    if (!result) return;
    if (!result.ok) throw new ProblemError(result.problem);
    yield result.value.items;
    cursor = result.value.next;
  }
}

/** Maximum rows of one page. */
const MAX_PAGE = 200;

/** The problem of anything that was thrown. */
export function problemOf(error: unknown): Problem<string> {
  if (error instanceof ProblemError) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { code: 'internal', status: 0, title: detail, detail };
}

/** Message of the fault of one field of a refused body; undefined where it has none. */
export function fieldProblem(error: unknown, name: string): string | undefined {
  if (!error) return undefined;
  return problemOf(error).errors?.find(({ pointer }) => pointer === `/${name}`)?.message;
}

export function isId(value: unknown): value is Id {
  return typeof value === 'string' || typeof value === 'number';
}
