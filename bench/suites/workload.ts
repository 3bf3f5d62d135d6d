/** Timed operations in order: reads come before the writes that would change their results. */
export const OPERATIONS = {
  read: 'one row by a random id',
  checked: 'the same, with an access token that is verified',
  list: 'the newest 30',
  filtered: 'the newest 30 that contain a word (2 % of the rows do)',
  equal: 'equality on a field without an index, newest first (one row in 1,000 matches)',
  'page-1': 'the first page of 30',
  'page-1000': 'the thousandth page of 30',
  count: 'add one to a counter and answer the row',
  patch: 'an authenticated, validated change of a random row',
  create: 'an authenticated, validated new row',
  'sign-in': 'user name and password for tokens (Argon2id)',
} as const;

export type Operation = keyof typeof OPERATIONS;

export const OPERATION_NAMES = Object.keys(OPERATIONS) as Operation[];

/** A request with the placeholders `{id}`, a random row's id, and `{n}`, a number that is new each time. */
export interface RequestTemplate {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

export type Requests = Partial<Record<Operation, RequestTemplate>>;

/** Rows on a page of every list. */
export const PAGE = 30;
/** Connections of the load generator; few for sign-ins, which are slow by design. */
export function connectionsFor(operation: Operation): number {
  return operation === 'sign-in' ? 4 : 32;
}

/** Seconds of a run; at least 3 for sign-ins, of which the slowest server answers four a second. */
export function secondsFor(operation: Operation, seconds: number): number {
  return operation === 'sign-in' ? Math.max(seconds, 3) : seconds;
}

/** Fills in a template's placeholders. */
export function filledIn(template: RequestTemplate, id: number, n: number): RequestTemplate {
  const fill = (text: string) => text.replaceAll('{id}', String(id)).replaceAll('{n}', String(n));
  const { body, ...rest } = template;
  return {
    ...rest,
    path: fill(template.path),
    ...(body && { body: JSON.parse(fill(JSON.stringify(body))) }),
  };
}
