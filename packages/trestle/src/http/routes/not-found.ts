import type { FastifyInstance } from 'fastify';
import { Problem } from '../../problems.ts';

/** The methods this server knows, in the order Allow shows them. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

interface KnownPath {
  readonly matches: RegExp;
  /** Has no parameters: a request for it is never one for a row with an odd id. */
  readonly isLiteral: boolean;
  /** Ends in `:verb`, which a path whose last segment is a parameter would match as well. */
  readonly isVerb: boolean;
  readonly methods: Set<string>;
}

/** Every path that has a route, with its methods: for 405 with an exact Allow, for OPTIONS, and for CORS. */
export class KnownPaths {
  readonly #paths = new Map<string, KnownPath>();

  /** Takes note of each route that is added from now on. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ method, url }) => {
      const known = this.#paths.get(url) ?? {
        matches: compile(url),
        isLiteral: !/:|\*/.test(url),
        isVerb: url.includes('::'),
        methods: new Set<string>(),
      };
      this.#paths.set(url, known);
      for (const each of [method].flat()) known.methods.add(each.toUpperCase());
    });
  }

  /** The methods a path takes, in order; empty where there is no such path. */
  allowed(path: string): string[] {
    const decoded = decodeURI(path);
    const matching = [...this.#paths.values()].filter(({ matches }) => matches.test(decoded));
    const exact = matching.filter(({ isLiteral, isVerb }) => isLiteral || isVerb);
    const methods = new Set((exact.length > 0 ? exact : matching).flatMap((known) => [...known.methods]));
    if (methods.size > 0) methods.add('OPTIONS');
    return METHODS.filter((method) => methods.has(method));
  }

  /**
   * Whether a request that a route took for a row with an odd id was meant for another path, with a method that takes
   * none: `GET /v1/keys/7:roll`, `GET /articles/new`, or `PUT /api/messages/`, where the id would be empty.
   */
  isAnother(method: string, target: string): boolean {
    const query = target.indexOf('?');
    const path = query === -1 ? target : target.slice(0, query);
    const known = this.#paths.get(path);
    if (known?.isLiteral) return !known.methods.has(method);
    return path.includes(':') && !this.allowed(path).includes(method);
  }
}

/** Why no route took a request: 501 for a method that is not known at all, 405 with Allow, or 404. */
export function whyNoRoute(method: string, allowed: readonly string[]): Problem {
  if (allowed.length > 0 && (method === 'TRACE' || isKnown(method)))
    return new Problem('method_not_allowed', {
      detail: `This path takes ${allowed.join(', ')}, not ${method}.`,
      headers: { allow: allowed.join(', ') },
      data: { method, allowed },
    });
  if (!isKnown(method))
    return new Problem('not_implemented', { detail: `The method ${method} is not known here.` });
  return new Problem('not_found');
}

function isKnown(method: string): boolean {
  return METHODS.some((known) => known === method);
}

/** A Fastify path pattern as a regular expression over the decoded path: `:name` is one segment, `*` the rest, `::` a colon. */
function compile(pattern: string): RegExp {
  const source = pattern.replace(/::|:\w+(?:\([^)]*\))?|\*|[.+?^${}()|[\]\\]/g, (piece) => {
    if (piece === '::') return ':';
    if (piece === '*') return '[^]*';
    return piece.startsWith(':') ? '[^/]+' : `\\${piece}`;
  });
  return new RegExp(`^${source}$`);
}
