import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** One connection to the server, and the client that has it at the moment. */
interface ServerConnection {
  readonly socket: Socket;
  client: Socket | undefined;
  /** Answers to Sync and Query that are still to come. */
  awaited: number;
}

/**
 * A pooler of PostgreSQL in transaction mode, in little: it hands each transaction to the next of its server connections, as
 * PgBouncer does with `pool_mode = transaction`. All clients are let in as the first one was. It knows no prepared statements.
 */
export class TransactionPooler {
  readonly #server = createServer({ noDelay: true }, (client) => void this.#serve(client));
  readonly #target: { host: string; port: number };
  readonly #size: number;
  readonly #connections: ServerConnection[] = [];
  readonly #clients = new Set<Socket>();
  readonly #waiting: (() => void)[] = [];
  /** The server's messages to a client that it has let in. */
  #welcome: Promise<Buffer> | undefined;
  #next = 0;

  private constructor(url: URL, size: number) {
    this.#target = { host: url.hostname, port: Number(url.port) };
    this.#size = size;
  }

  /** Opens one before the server of a URL, on a free port; answers it with the URL that leads through it. */
  static async open(url: string, size: number): Promise<{ pooler: TransactionPooler; url: string }> {
    const pooler = new TransactionPooler(new URL(url), size);
    pooler.#server.listen(0, '127.0.0.1');
    await once(pooler.#server, 'listening');
    const address = pooler.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return { pooler, url: Object.assign(new URL(url), { host: `127.0.0.1:${address.port}` }).href };
  }

  async close(): Promise<void> {
    for (const socket of [...this.#clients, ...this.#connections.map((one) => one.socket)]) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(client: Socket): Promise<void> {
    this.#clients.add(client);
    client.on('error', () => {});
    let current: ServerConnection | undefined;
    let started = false;
    let password: Buffer | undefined;
    try {
      for await (const message of messages(client, () => !started)) {
        if (!started) {
          // SSLRequest (80877103) is declined; the start-up message is answered by a request for the password.
          if (message.readInt32BE(4) === 80877103) client.write('N');
          else {
            started = true;
            password = message;
            client.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
          }
          continue;
        }
        const type = String.fromCharCode(message[0] ?? 0);
        if (type === 'p' && password) {
          this.#welcome ??= this.#connectAll(password, message);
          client.write(await this.#welcome);
          password = undefined;
          continue;
        }
        if (type === 'X') break;
        if (!current || current.client !== client) current = await this.#take(client);
        if (type === 'S' || type === 'Q') current.awaited += 1;
        current.socket.write(message);
      }
    } catch {
      // The client or the server went away.
    }
    if (current?.client === client) current.socket.write(queryMessage('rollback'));
    client.destroy();
    this.#clients.delete(client);
  }

  async #take(client: Socket): Promise<ServerConnection> {
    for (;;) {
      for (let tried = 0; tried < this.#connections.length; tried += 1) {
        const one = this.#connections[this.#next++ % this.#connections.length];
        if (!one || one.client) continue;
        one.client = client;
        return one;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async #connectAll(startup: Buffer, password: Buffer): Promise<Buffer> {
    const welcomes: Buffer[] = [];
    for (let number = 0; number < this.#size; number += 1) {
      const socket = connect({ ...this.#target, noDelay: true });
      socket.on('error', () => {});
      const connection: ServerConnection = { socket, client: undefined, awaited: 0 };
      const answers = messages(socket, () => false);
      socket.write(startup);
      await answers.next();
      socket.write(password);
      const welcome: Buffer[] = [];
      for (;;) {
        const { value, done } = await answers.next();
        if (done) throw new Error('the server refused the connection');
        welcome.push(value);
        if (value[0] === 0x5a) break;
      }
      welcomes.push(Buffer.concat(welcome));
      this.#connections.push(connection);
      // It ends with the connection, however that ends.
      this.#answer(connection, answers).catch(() => {});
    }
    return welcomes[0] ?? Buffer.alloc(0);
  }

  /** Passes answers on; a connection is free again once everything is answered and no transaction is open. */
  async #answer(connection: ServerConnection, answers: AsyncGenerator<Buffer>): Promise<void> {
    for await (const message of answers) {
      const ready = message[0] === 0x5a;
      if (ready) connection.awaited -= 1;
      if (connection.client && !connection.client.destroyed) connection.client.write(message);
      if (!ready || connection.awaited > 0 || message[5] !== 0x49) continue;
      connection.client = undefined;
      this.#waiting.shift()?.();
    }
  }
}

/** The messages of a stream. Those before a session has started have no type byte. */
async function* messages(socket: Socket, untyped: () => boolean): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const start = untyped() ? 0 : 1;
      if (rest.length < start + 4) break;
      const end = start + rest.readInt32BE(start);
      if (rest.length < end) break;
      const message = rest.subarray(0, end);
      rest = rest.subarray(end);
      yield message;
    }
  }
}

function queryMessage(text: string): Buffer {
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.alloc(5, 'Q');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
