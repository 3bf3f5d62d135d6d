import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIP, type LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { request as httpRequest } from '../../node-http.ts';
import { OperationError } from '../../schema/lifecycle.ts';
import { isPublicAddress } from './addresses.ts';

/** Maximum redirects that are followed, where they are allowed at all. */
const MAX_REDIRECTS = 5;
/** Maximum interim answers (1xx) before the final one. */
const MAX_INTERIM_ANSWERS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

interface OutboundOptions {
  signal: AbortSignal;
  /** Default: `GET`. */
  method?: 'GET' | 'POST';
  /** The body, which no redirect takes along: allow none with it (default: none). */
  content?: string;
  /** Sent as they are; nothing of a caller's request is ever added to them. */
  headers?: Readonly<Record<string, string>>;
  /** Also private, loopback and link-local addresses (default: false). */
  allowPrivate?: boolean;
  /** Follow redirects, each target checked like the first (default: 0, at most 5). */
  redirects?: number;
  /** Maximum seconds without a byte, and until the answer begins (default: 30). */
  idle?: number;
}

export interface OutboundAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Readable;
}

/**
 * A request of a URL that somebody else has chosen. Every address that its host resolves to must be public, and the checked
 * addresses are the ones connected to, so that a name cannot point elsewhere in between. Throws `OperationError`.
 */
export async function fetchOutbound(source: string, options: OutboundOptions): Promise<OutboundAnswer> {
  const redirects = Math.min(options.redirects ?? 0, MAX_REDIRECTS);
  let url = checkedUrl(source, options.allowPrivate ?? false);
  for (let hop = 0; ; hop += 1) {
    const body = await send(url, options);
    const status = body.statusCode ?? 0;
    if (!REDIRECTS.has(status)) return { status, headers: body.headers, body };
    body.destroy();
    if (hop >= redirects)
      throw refused(`${url.host} answered with a redirect (${status}); name the final address instead`);
    const { location } = body.headers;
    if (location === undefined || !URL.canParse(location, url.href))
      throw refused(`${url.host} answered with a redirect (${status}) to no valid address`);
    url = checkedUrl(new URL(location, url).href, options.allowPrivate ?? false);
  }
}

/**
 * A source that may be fetched. `URL` has turned every spelling of an IPv4 address (decimal, octal, hex, short) into the
 * dotted one by then. Throws `OperationError` for other schemes, user-info and private addresses.
 */
export function checkedUrl(source: string, allowPrivate: boolean): URL {
  if (!URL.canParse(source)) throw refused('The source is not a URL');
  const url = new URL(source);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused(`The source must be http or https, not ${url.protocol.slice(0, -1)}`);
  if (url.username !== '' || url.password !== '')
    throw refused('The source may not carry a user name or a password');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // An address in the URL itself is never looked up, so it is checked here.
  if (isIP(host) !== 0 && !allowPrivate && !isPublicAddress(host)) throw privateAddress(url.hostname);
  return url;
}

/**
 * Sends the request, and resolves with the answer's head. Every end of a request settles it: an answer, an error, a deadline,
 * an abort, a switch of protocols (101), and a connection that closes without any of them.
 */
function send(url: URL, options: OutboundOptions): Promise<IncomingMessage> {
  const { signal, method = 'GET', content, headers = {}, allowPrivate = false, idle = 30 } = options;
  // A module that no start needs.
  const open = url.protocol === 'https:' ? process.getBuiltinModule('node:https').request : httpRequest;
  return new Promise((resolve, reject) => {
    const request = open(url, {
      // No kept connection: each one is made to an address that was checked for it.
      agent: false,
      method,
      signal,
      lookup: checkedLookup(allowPrivate),
      timeout: idle * 1000,
      headers: { 'user-agent': 'trestle', accept: '*/*', 'accept-encoding': 'identity', ...headers },
    });
    let answered: IncomingMessage | undefined;
    let interim = 0;
    const stop = (error: OperationError) => {
      (answered ?? request).destroy(error);
      reject(error);
    };
    const silent = () => stop(new OperationError(`${url.host} sent nothing for ${idle} s.`));
    // Interim answers restart the socket's timer, and a look-up has none.
    const deadline = setTimeout(silent, idle * 1000);
    request.on('timeout', silent);
    request.on('response', (response) => {
      clearTimeout(deadline);
      answered = response;
      resolve(response);
    });
    request.on('information', () => {
      interim += 1;
      if (interim > MAX_INTERIM_ANSWERS) stop(refused(`${url.host} sent interim answers only`));
    });
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      stop(refused(`${url.host} answered ${response.statusCode ?? 101} and switched protocols`));
    });
    request.on('error', (error) => {
      if (error instanceof OperationError || error.name === 'AbortError') return reject(error);
      // In words that tell a client no more than the source's own name.
      const code = 'code' in error ? String(error.code) : error.name;
      reject(new OperationError(`${url.host} could not be reached (${code})`, { cause: error }));
    });
    request.on('close', () => {
      clearTimeout(deadline);
      reject(signal.reason ?? new OperationError(`${url.host} closed the connection without an answer.`));
    });
    request.end(content);
  });
}

type Resolve = (
  name: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The system's look-up, failing where any address of the name is private. */
export function checkedLookup(allowPrivate: boolean, resolve: Resolve = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const bad = addresses.find(({ address }) => !allowPrivate && !isPublicAddress(address));
      const first = addresses[0];
      if (bad || !first) return callback(privateAddress(hostname), []);
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}

function refused(message: string): OperationError {
  return new OperationError(`${message}.`, { retry: false });
}

function privateAddress(host: string): OperationError {
  return refused(`${host} is, or resolves to, an address that is not public`);
}
