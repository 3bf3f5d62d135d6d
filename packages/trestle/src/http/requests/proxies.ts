import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { StartError } from '../../start-error.ts';

/** Whether what a peer says of a request's origin is believed. */
export type TrustsPeer = (address: string | undefined) => boolean;

/** Names for networks of proxies, as Express and nginx's modules know them. */
const NETWORKS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Compiles a list of addresses, networks (CIDR) and their names. Throws `StartError` for what is neither. */
export function compileTrust(proxies: readonly string[]): TrustsPeer {
  const trusted = new BlockList();
  for (const entry of proxies.flatMap((name) => NETWORKS[name] ?? [name])) {
    const [address = '', bits, ...rest] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const size = bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits);
    const isValid = rest.length === 0 && isIP(address) > 0 && /^\d{1,3}$/.test(bits ?? '0');
    if (!isValid || size > (family === 'ipv6' ? 128 : 32))
      throw new StartError(
        `--trusted-proxies: '${entry}' is not an address or a network such as 10.0.0.0/8, nor one of ${Object.keys(NETWORKS).join(', ')}`,
      );
    trusted.addSubnet(address, size, family);
  }
  return (address) => {
    if (address === undefined) return false;
    const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
    return trusted.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}

/** Segments of unreserved characters, so that it can stand in a header and in HTML as it is. */
const PREFIX = /^(?:\/[\w.~-]+){1,16}$/;

/** A path prefix with a slash at its start and none at its end. Throws `StartError` for anything else. */
export function checkBasePath(path: string): string {
  const plain = path.replace(/\/+$/, '');
  if (plain === '' || (PREFIX.test(plain) && !/\/\.{1,2}(?:\/|$)/.test(plain))) return plain;
  throw new StartError(
    `--base-path: '${path}' is not a path such as /api; letters, digits, - . _ ~ and / may be in it`,
  );
}

/** The prefix that a trusted proxy has taken off the path, by its `X-Forwarded-Prefix`; else the base path. */
export function prefixOf(request: IncomingMessage, basePath: string, trusts: TrustsPeer): string {
  const given = request.headers['x-forwarded-prefix'];
  if (typeof given !== 'string' || given.length > 256 || !trusts(request.socket.remoteAddress))
    return basePath;
  const plain = given.replace(/\/+$/, '');
  return plain === '' || (PREFIX.test(plain) && !/\/\.{1,2}(?:\/|$)/.test(plain)) ? plain : basePath;
}

/** Addresses that a chain of proxies can name at most: one for each hop. */
const MAX_HOPS = 32;

/**
 * The address of the client: the nearest one that is no trusted proxy, by `X-Forwarded-For`, or by `Forwarded` (RFC 7239)
 * where that is missing. Ports, brackets and quotes are taken off. An entry that is no address (`unknown`, `_hidden`) says
 * nothing: the proxy that sent it counts.
 */
export function clientOf(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  trusts: TrustsPeer,
): string | undefined {
  const list = headers['x-forwarded-for'];
  const hops =
    list === undefined ? forwardedFor(headers.forwarded) : String(list).split(',').slice(-MAX_HOPS);
  let client = socket.remoteAddress;
  for (const hop of hops.reverse()) {
    if (!trusts(client)) break;
    const address = addressIn(hop);
    if (address === undefined) break;
    client = address;
  }
  return client;
}

/** The `for` of each element of a `Forwarded` field; an empty text where it names none. */
function forwardedFor(field = ''): string[] {
  // Commas and semicolons inside quotes separate nothing.
  const elements = field.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return elements
    .slice(-MAX_HOPS)
    .map((element) => /(?:^|;)\s*for\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)/i.exec(element.trim())?.[1] ?? '');
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`, each in quotes or not. */
function addressIn(text: string): string | undefined {
  const plain = text
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .replaceAll(/\\(.)/g, '$1')
    .trim();
  const [, bracketed] = /^\[([^\]]*)\](?::[\w.-]*)?$/.exec(plain) ?? [];
  const address = bracketed ?? (isIP(plain) > 0 ? plain : plain.replace(/:[\w.-]*$/, ''));
  const family = isIP(address);
  return family === 6 || (family === 4 && bracketed === undefined) ? address : undefined;
}
