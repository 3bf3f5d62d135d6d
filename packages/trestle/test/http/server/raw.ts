import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** All that came, for more than one answer on a connection. */
  text: string;
}

/** Sends bytes as they are over a socket of their own and reads until the server hangs up, or `until` matches. */
export function raw(url: string, bytes: string | Buffer, until?: RegExp): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let text = '';
    const settle = () => {
      socket.destroy();
      resolve(parse(text));
    };
    socket.setTimeout(20_000, () => socket.destroy(new Error(`nothing more after: ${text}`)));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (until?.test(text)) settle();
    });
    socket.on('end', settle);
    socket.on('error', (error) => (text === '' ? reject(error) : settle()));
  });
}

/** A request line and headers, with Host and `Connection: close`. */
export function request(line: string, headers: readonly string[] = [], body = ''): string {
  return `${[`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n${body}`;
}

function parse(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: rest.join('\r\n\r\n'), text };
}
