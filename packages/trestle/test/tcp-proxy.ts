import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';

/** Faults of a network. */
export interface Behaviour {
  /** Milliseconds that everything takes longer, each way. */
  latency?: number;
  /** Most bytes that are written at once. */
  slice?: number;
  /** Bytes a second, each way. */
  rate?: number;
  /** Nothing crosses, and nobody is told: connections are taken and stay silent. */
  blackhole?: boolean;
  /** Resets a connection after this many bytes from the server. */
  resetAfter?: number;
}

/** A TCP proxy on a free port of 127.0.0.1 that can misbehave like a network, at once also for open connections. */
export class TcpProxy {
  readonly #server = createServer({ noDelay: true }, (client) => this.#join(client));
  readonly #changed = new EventEmitter().setMaxListeners(0);
  readonly #sockets = new Set<Socket>();
  readonly #target: number;
  #behaviour: Behaviour = {};
  #asked = false;
  /** Times the server was asked and answered, over all connections. */
  roundTrips = 0;
  /** Connections that were reset by `resetAfter`. */
  resets = 0;

  private constructor(target: number) {
    this.#target = target;
  }

  static async open(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return address.port;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Behaves like this from now on. */
  behave(behaviour: Behaviour): void {
    this.#behaviour = behaviour;
    this.#changed.emit('changed');
  }

  /** Cuts every open connection with a TCP reset. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.behave({});
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    const server = connect({ port: this.#target, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    }
    void this.#pump(client, server, () => {
      this.#asked = true;
    });
    let answered = 0;
    void this.#pump(server, client, (bytes) => {
      if (this.#asked) this.roundTrips += 1;
      this.#asked = false;
      answered += bytes;
      if (answered <= (this.#behaviour.resetAfter ?? Number.POSITIVE_INFINITY)) return;
      if (!client.destroyed) this.resets += 1;
      client.resetAndDestroy();
      server.resetAndDestroy();
    });
  }

  async #pump(from: Socket, to: Socket, passed: (bytes: number) => void): Promise<void> {
    try {
      for await (const chunk of from) await this.#pass(chunk, to, passed);
      await this.#crossing();
      to.end();
    } catch {
      to.destroy();
    }
  }

  async #pass(chunk: Buffer, to: Socket, passed: (bytes: number) => void): Promise<void> {
    await this.#crossing();
    if (this.#behaviour.latency) await pause(this.#behaviour.latency);
    for (let at = 0; at < chunk.length; ) {
      const { slice = chunk.length, rate } = this.#behaviour;
      const part = chunk.subarray(at, at + slice);
      at += part.length;
      passed(part.length);
      if (!to.write(part)) await once(to, 'drain');
      if (rate) await pause((part.length / rate) * 1000);
      else if (slice < chunk.length) await turn();
    }
  }

  async #crossing(): Promise<void> {
    while (this.#behaviour.blackhole) await once(this.#changed, 'changed');
  }
}
