import type { IncomingMessage } from 'node:http';
import { Problem } from '../../problems.ts';
import { LIMITS } from './limits.ts';

/** Characters that need a closer look; most targets have none of them. */
const SUSPECT = /[%#\\]|\/\/|\/\./;
const SLASH = 47;

/** Headers that Node would silently take the first of, by length: each has a bit in what was seen. */
const SINGLETONS: ReadonlyMap<number, { name: string; bit: number }> = new Map([
  [4, { name: 'host', bit: 1 }],
  [12, { name: 'content-type', bit: 2 }],
  [13, { name: 'authorization', bit: 4 }],
]);
const HOST = 1;

/**
 * Refuses what Node's parser lets through: a target that is too long or does not decode, dot segments and empty ones,
 * an absolute target for another host, duplicate singleton headers, too many headers, a missing Host, another expectation
 * than 100-continue (RFC 9110, 10.1.1).
 */
export function refuse(request: IncomingMessage): Problem | undefined {
  const target = request.url ?? '';
  if (target.length > LIMITS.target)
    return new Problem('target_too_long', {
      detail: `The request target is longer than ${LIMITS.target} bytes.`,
    });
  if (target.charCodeAt(0) !== SLASH && !(target === '*' && request.method === 'OPTIONS'))
    return malformed('The request target names another host than the Host header, or is not a path.');
  return (SUSPECT.test(target) ? refuseSuspect(target) : undefined) ?? refuseHeaders(request);
}

function refuseHeaders(request: IncomingMessage): Problem | undefined {
  const raw = request.rawHeaders;
  if (raw.length > LIMITS.headerFields * 2)
    return new Problem('headers_too_large', {
      detail: `A request may have ${LIMITS.headerFields} header fields.`,
    });
  let seen = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const singleton = SINGLETONS.get(name.length);
    if (singleton === undefined || name.toLowerCase() !== singleton.name) continue;
    if ((seen & singleton.bit) !== 0) return malformed(`The header ${name} comes twice.`);
    seen |= singleton.bit;
  }
  if (request.httpVersionMajor !== 1) return malformed('This is an HTTP/1.1 server.');
  if ((seen & HOST) === 0 && request.httpVersionMinor === 1)
    return malformed('The Host header is missing (RFC 9112, 3.2).');
  const { expect } = request.headers;
  return expect === undefined || expect.toLowerCase() === '100-continue'
    ? undefined
    : malformed('The Expect header may only say 100-continue.');
}

/**
 * The path of a target, below the base path: that of a target in absolute form (RFC 9112, 3.2.2) where it names the host the
 * request came to, and without the base path where the proxy has left that. Other targets stay as they are.
 */
export function pathOfTarget(request: IncomingMessage, basePath: string): string {
  let target = request.url ?? '/';
  if (target.charCodeAt(0) !== SLASH) {
    const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
    if (!absolute || absolute[1]?.toLowerCase() !== request.headers.host?.toLowerCase()) return target;
    const path = absolute[2] ?? '';
    target = path.startsWith('/') ? path : `/${path}`;
  }
  if (basePath === '' || !target.startsWith(basePath)) return target;
  const rest = target.slice(basePath.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : target;
}

function refuseSuspect(target: string): Problem | undefined {
  if (target.includes('#')) return malformed('A request target has no fragment (RFC 9112, 3.2).');
  if (target.includes('%')) {
    try {
      if (decodeURIComponent(target).includes('\0')) return malformed('The request target holds %00.');
    } catch {
      return malformed('The request target holds percent-encoding that is not UTF-8.');
    }
  }
  const path = target.split('?', 1)[0] ?? '';
  const isDotted = /\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
  return isDotted || path.includes('//') || path.includes('\\') ? new Problem('not_found') : undefined;
}

function malformed(detail: string): Problem {
  return new Problem('malformed', { detail });
}
