/** A generated client, each call in the generator's own words; a problem is answered as its code. */
export interface Client {
  signUp(body: Account): Promise<number | undefined>;
  /** Further calls are the account's. */
  signIn(body: Account): Promise<void>;
  me(): Promise<string | undefined>;
  create(content: string): Promise<{ id: number; etag: string }>;
  read(id: number): Promise<string | undefined>;
  list(query: Query): Promise<{ ids: number[]; next: string | null }>;
  update(id: number, etag: string, content: string): Promise<string | undefined>;
  replace(id: number, content: string): Promise<string | undefined>;
  remove(id: number): Promise<number | undefined>;
}

interface Account {
  username: string;
  password: string;
}

export interface Query {
  sort?: string;
  limit?: number;
  cursor?: string;
  equal?: string;
  starts?: string;
  ids?: number[];
  between?: [number, number];
  authorless?: boolean;
  or?: string;
}

/** A query as the address has it, for clients that take its parameters by their names. */
export function queryOf({ sort, limit, cursor, equal, starts, ids, between, authorless, or }: Query) {
  return {
    sort,
    limit,
    cursor,
    'filter[content][eq]': equal,
    'filter[content][starts]': starts,
    'filter[id][in]': ids,
    'filter[id][between]': between,
    'filter[author][null]': authorless,
    'filter[or]': or,
  };
}

/** The twenty calls that every generated client of the app messages makes; calls.py has them for Python. */
export async function makeCalls(client: Client): Promise<void> {
  const account = { username: 'tester', password: 'Abcdef1!' };
  same(await client.signUp(account), 201);
  await client.signIn(account);
  same(await client.me(), 'tester');
  const { id: one, etag } = await client.create('a, b');
  const { id: two } = await client.create('c & d');
  same(await client.read(one), 'a, b');
  same(await client.read(999), 'not_found');
  const ids = async (query: Query) => (await client.list(query)).ids;
  same(await ids({ sort: '-id' }), [two, one]);
  const { ids: first, next } = await client.list({ sort: 'id', limit: 1 });
  same(first, [one]);
  same(await ids({ sort: 'id', limit: 1, cursor: next ?? '' }), [two]);
  same(await ids({ equal: 'a, b' }), [one]);
  same(await ids({ starts: 'c &' }), [two]);
  same(await ids({ sort: 'id', ids: [one, two] }), [one, two]);
  same(await ids({ between: [two, two + 9] }), [two]);
  same(await ids({ authorless: true }), []);
  same(await ids({ or: JSON.stringify([{ id: { eq: two } }, { content: { eq: 'e' } }]) }), [two]);
  same(await client.update(one, etag, 'x'), 'x');
  same(await client.update(one, etag, 'y'), 'precondition_failed');
  same(await client.replace(one, 'z'), 'z');
  same(await client.remove(one), 204);
}

function same(found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${a} is not ${b}`);
}
