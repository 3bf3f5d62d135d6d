import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Cluster, startCluster } from './cluster.ts';

const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '1000' },
    accounts: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '30' },
    crashes: { type: 'string', default: '3' },
    processes: { type: 'string', default: '1' },
  },
});

/** Posts that each account writes: one that all see, one of its own, one that is shown and hidden in turn. */
const POSTS = ['open', 'own', 'turn'] as const;

interface Post {
  readonly id: number;
  readonly title: string;
  readonly count: number;
  readonly open: boolean;
}

interface Account {
  readonly name: string;
  readonly token: string;
  readonly posts: Post[];
}

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
const faults: string[] = [];

function fault(text: string): void {
  faults.push(text);
  if (faults.length <= 20) console.log(text);
}

/** Sends a request to a process of the cluster, and to the next one where that is away. */
async function call(
  cluster: Cluster,
  method: string,
  path: string,
  { token, body }: { token?: string; body?: object } = {},
) {
  for (let attempt = 0; ; attempt += 1) {
    const port = cluster.ports[Math.floor(Math.random() * cluster.ports.length)];
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const answer: unknown = await response.json();
      if (response.status < 500) return { status: response.status, answer, attempt };
    } catch {
      // The process was killed: whether it wrote is asked of the row.
    }
    await pause(50);
  }
}

/** A live list as a client keeps it, across crashes of its server. */
class Subscriber {
  readonly #cluster: Cluster;
  readonly #account: Account;
  readonly rows = new Map<number, Post>();
  readonly #stop = new AbortController();
  #last = '';
  events = 0;
  reconnects = 0;
  resyncs = 0;

  constructor(cluster: Cluster, account: Account) {
    this.#cluster = cluster;
    this.#account = account;
  }

  /** Follows the stream until it is closed. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#read().catch(() => undefined);
      if (this.#stop.signal.aborted) return;
      this.reconnects += 1;
      await pause(50 + Math.random() * 200);
    }
  }

  close(): void {
    this.#stop.abort();
  }

  async #read(): Promise<void> {
    const { ports } = this.#cluster;
    const port = ports[Math.floor(Math.random() * ports.length)];
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${this.#account.token}`,
        ...(this.#last && { 'last-event-id': this.#last }),
      };
      const path = `http://127.0.0.1:${port}/v1/posts/events?limit=200`;
      get(path, { agent, headers, signal: this.#stop.signal }, resolve).on('error', reject);
    });
    if (response.statusCode !== 200) {
      response.resume();
      if (response.statusCode !== 503) fault(`a stream answered ${response.statusCode}`);
      return;
    }
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        this.#take(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
  }

  #take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    const [event, id = '', data = 'null'] = [fields.get('event'), fields.get('id'), fields.get('data')];
    if (event === undefined) return;
    this.events += 1;
    const value = JSON.parse(data);
    if (event === 'resync') {
      this.resyncs += 1;
      return;
    }
    const [number, before] = [Number.parseInt(id, 10), Number.parseInt(this.#last || '0', 10)];
    if (event === 'page') {
      this.rows.clear();
      for (const row of value.items as Post[]) this.#see(row);
    } else {
      if (number <= before) fault(`event ${id} after ${this.#last}: a duplicate`);
      if (event === 'gone') this.rows.delete(value.id);
      else this.#put(value);
    }
    this.#last = id;
  }

  #put(row: Post): void {
    const known = this.rows.get(row.id);
    // Every change of a row that is seen all the time comes, once.
    if (known && known.count + 1 !== row.count)
      fault(`${row.title}: ${known.count}, then ${row.count}: a gap`);
    this.#see(row);
  }

  #see(row: Post): void {
    const [writer] = row.title.split(' ');
    if (!row.open && writer !== this.#account.name) fault(`${this.#account.name} was shown ${row.title}`);
    this.rows.set(row.id, row);
  }
}

async function openAccount(cluster: Cluster, at: number): Promise<Account> {
  const credentials = { username: `w${at}`, password: 'the lighthouse keeper paints' };
  await call(cluster, 'POST', '/v1/accounts', { body: credentials });
  const { answer } = await call(cluster, 'POST', '/v1/sessions', { body: credentials });
  const { access_token: token } = answer as { access_token: string };
  const posts: Post[] = [];
  for (const kind of POSTS) {
    const body = { title: `${credentials.username} ${kind}`, open: kind !== 'own' };
    posts.push((await call(cluster, 'POST', '/v1/posts', { token, body })).answer as Post);
  }
  return { name: credentials.username, token, posts };
}

/** Changes the posts of an account in turn, until a time; answers how many changes it made. */
async function write(cluster: Cluster, { token, posts }: Account, until: number): Promise<number> {
  let changes = 0;
  for (let at = 0; Date.now() < until; at += 1) {
    const kind = at % POSTS.length;
    const id = posts[kind]?.id;
    const path = `/v1/posts/${id}`;
    const row = (await call(cluster, 'GET', path, { token })).answer as Post;
    const body = { count: row.count + 1, ...(kind === 2 && { open: !row.open }) };
    await call(cluster, 'PATCH', path, { token, body });
    changes += 1;
    await pause(200);
  }
  return changes;
}

/** Waits until every subscriber has what its list has now. */
async function settle(
  cluster: Cluster,
  accounts: readonly Account[],
  all: readonly (readonly [Account, Subscriber])[],
) {
  const lists = new Map<Account, string>();
  const textOf = (rows: Iterable<Post>) =>
    JSON.stringify([...rows].toSorted((a, b) => a.id - b.id).map(({ id, count, open }) => [id, count, open]));
  for (const account of accounts) {
    const { answer } = await call(cluster, 'GET', '/v1/posts?limit=200', { token: account.token });
    lists.set(account, textOf((answer as { items: Post[] }).items));
  }
  for (const deadline = Date.now() + 60_000; ; await pause(200)) {
    const behind = all.filter(([account, { rows }]) => textOf(rows.values()) !== lists.get(account));
    if (behind.length === 0) return;
    if (Date.now() < deadline) continue;
    fault(`${behind.length} subscribers differ from their lists`);
    return;
  }
}

/** Subscribers of live lists under writes, crashes and reconnects: no gap, no duplicate, no row that they may not see. */
async function main(): Promise<void> {
  const cluster = await startCluster(Number(values.processes));
  try {
    const accounts: Account[] = [];
    for (let at = 0; at < Number(values.accounts); at += 1) accounts.push(await openAccount(cluster, at));
    const all = Array.from({ length: Number(values.subscribers) }, (_, at) => {
      const account = accounts[at % accounts.length];
      if (!account) throw new Error('no account');
      return [account, new Subscriber(cluster, account)] as const;
    });
    const running = all.map(([, subscriber]) => subscriber.run());
    await settle(cluster, accounts, all);
    console.log(`${all.length} subscribers are there`);
    const until = Date.now() + Number(values.seconds) * 1000;
    const writing = accounts.map((account) => write(cluster, account, until));
    const crashes = Number(values.crashes);
    for (let at = 0; at < crashes; at += 1) {
      await pause((Number(values.seconds) * 1000) / (crashes + 1));
      await cluster.crash(at % cluster.ports.length);
    }
    const changes = (await Promise.all(writing)).reduce((sum, each) => sum + each, 0);
    await settle(cluster, accounts, all);
    const sum = (of: (subscriber: Subscriber) => number) =>
      all.reduce((total, [, each]) => total + of(each), 0);
    const counts = `${changes} changes, ${crashes} crashes, ${sum((each) => each.events)} events, ${sum((each) => each.reconnects)} reconnects, ${sum((each) => each.resyncs)} resyncs`;
    const verdict =
      faults.length === 0 ? 'no gap, no duplicate, nothing hidden shown' : `${faults.length} FAULTS`;
    console.log(`${all.length} subscribers, ${values.processes} processes: ${verdict}; ${counts}`);
    for (const [, subscriber] of all) subscriber.close();
    await Promise.all(running);
    if (faults.length > 0) process.exitCode = 1;
  } finally {
    agent.destroy();
    await cluster.close();
  }
}

await main();
