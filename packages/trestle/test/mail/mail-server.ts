import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { until } from '../until.ts';

export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: unknown;
  /** Header and body as they came. */
  readonly message: string;
}

export interface MailServer {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  /** The next mail to this address that was not taken yet. */
  next(to: string): Promise<Received>;
  close(): Promise<void>;
}

/** A real SMTP server that asks for a password and keeps what it is sent; it refuses mail to `nobody@…` for good. */
export async function startMailServer(port = 0): Promise<MailServer> {
  const received: Received[] = [];
  const taken = new Set<Received>();
  const server = new SMTPServer({
    // A password over plain TCP, as on the loopback address.
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      password === 'p@ss word' ? done(null, { user: username }) : done(new Error('wrong password')),
    onRcptTo: ({ address }, _session, done) =>
      address.startsWith('nobody@')
        ? done(Object.assign(new Error('no such mailbox'), { responseCode: 550 }))
        : done(),
    onData(stream, { envelope, user }, done) {
      void text(stream).then((message) => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        received.push({ from, to: envelope.rcptTo.map(({ address }) => address), user, message });
        done();
      });
    },
  });
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  const address = server.server.address() as AddressInfo;
  return {
    url: `smtp://desk:${encodeURIComponent('p@ss word')}@127.0.0.1:${address.port}`,
    port: address.port,
    received,
    async next(to) {
      const find = () => received.find((each) => each.to.includes(to) && !taken.has(each));
      await until(() => find() !== undefined);
      const found = find();
      if (!found) throw new Error(`no mail to ${to}`);
      taken.add(found);
      return found;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
