import type { IncomingMessage } from 'node:http';
import { Problem } from '../../problems.ts';
import { LIMITS } from './limits.ts';

/** Characters that need a closer look; most targets have none of them. */
const SUSPECT = /[%#\\]|\/\/|\/\./;

const HOST = 1;
const CONTENT_TYPE = 2;
const AUTHORIZATION = 4;

/**
 * Refuses what Node's parser lets through: a target that is too long or does not decode, dot segments and empty ones,
 * an absolute target for another host, a header that may come once coming twice, too many headers, a missing Host.
 */
export function refuse(request: IncomingMessage): Problem | undefined {
  return refuseTarget(request) ?? refuseHeaders(request);
}

/**
 * The path of a target in absolute form (RFC 9112, 3.2.2) where it names the host the request came to.
 * Other targets stay as they are.
 */
export function pathOfTarget(request: IncomingMessage): string {
  const target = request.url ?? '/';
  if (target.charCodeAt(0) === 47) return target;
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
  if (!absolute || absolute[1]?.toLowerCase() !== request.headers.host?.toLowerCase()) return target;
  const path = absolute[2] ?? '';
  return path.startsWith('/') ? path : `/${path}`;
}

function refuseTarget(request: IncomingMessage): Problem | undefined {
  const target = request.url ?? '';
  if (target.length > LIMITS.target)
    return new Problem('target_too_long', {
      detail: `The request target is longer than ${LIMITS.target} bytes.`,
    });
  if (target.charCodeAt(0) !== 47 && !(target === '*' && request.method === 'OPTIONS'))
    return malformed('The request target names another host than the Host header, or is no path.');
  return SUSPECT.test(target) ? refuseSuspect(target) : undefined;
}

function refuseSuspect(target: string): Problem | undefined {
  if (target.includes('#')) return malformed('A request target has no fragment (RFC 9112, 3.2).');
  if (target.includes('%')) {
    const decoded = decode(target);
    if (decoded === undefined)
      return malformed('The request target holds percent-encoding that is not UTF-8.');
    if (decoded.includes('\0')) return malformed('The request target holds %00.');
  }
  const path = target.split('?', 1)[0] ?? '';
  const dotted = /\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
  return dotted || path.includes('//') || path.includes('\\') ? new Problem('not_found') : undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function refuseHeaders(request: IncomingMessage): Problem | undefined {
  const raw = request.rawHeaders;
  if (raw.length > LIMITS.headerFields * 2)
    return new Problem('headers_too_large', {
      detail: `A request may have ${LIMITS.headerFields} header fields.`,
    });
  let seen = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const single = singleHeader(raw[at] ?? '');
    if ((seen & single) !== 0) return malformed(`The header ${raw[at]} comes twice.`);
    seen |= single;
  }
  if (request.httpVersionMajor !== 1) return malformed('This is an HTTP/1.1 server.');
  if ((seen & HOST) === 0 && request.httpVersionMinor === 1)
    return malformed('The Host header is missing (RFC 9112, 3.2).');
  return undefined;
}

/** The bit of a header that Node would silently take the first of. Lengths are compared first: this runs for each header. */
function singleHeader(name: string): number {
  if (name.length === 4) return name.toLowerCase() === 'host' ? HOST : 0;
  if (name.length === 12) return name.toLowerCase() === 'content-type' ? CONTENT_TYPE : 0;
  if (name.length === 13) return name.toLowerCase() === 'authorization' ? AUTHORIZATION : 0;
  return 0;
}

function malformed(detail: string): Problem {
  return new Problem('malformed', { detail });
}
