import { LruMap } from '../../lru-map.ts';

const JSON_ONLY = ['application/json'] as const;
const FAILURE = 'application/problem+json';

/** Headers that are longer than this are not remembered: browsers' own have less than 200 characters. */
export const MAX_REMEMBERED_LENGTH = 300;

/** Answers for JSON by header text: clients send few different ones. */
const known = new LruMap<string, boolean>(256);

/**
 * Whether an Accept header takes one of the media types a route answers with (default: JSON), as RFC 9110, 12.5.1 has it:
 * the most specific range decides, and `q=0` excludes. No header takes everything. Who names the type of failures alone takes
 * the answer too: clients that are generated from a document do so where a success has no body.
 */
export function accepts(header: string | undefined, types: readonly string[] = JSON_ONLY): boolean {
  if (header === undefined || header === '*/*' || header === '') return true;
  if (types === JSON_ONLY) {
    const verdict = known.get(header);
    if (verdict !== undefined) return verdict;
  }
  const weights = parseWeights(header);
  const verdict = preferredOf(weights, types) !== undefined || (weights.get(FAILURE) ?? 0) > 0;
  if (types === JSON_ONLY && header.length <= MAX_REMEMBERED_LENGTH) known.set(header, verdict);
  return verdict;
}

/** The one of the types that the client likes best; the first on a tie, undefined where it takes none. */
export function preferred(header: string | undefined, types: readonly string[]): string | undefined {
  return header === undefined || header === '' ? types[0] : preferredOf(parseWeights(header), types);
}

function preferredOf(weights: ReadonlyMap<string, number>, types: readonly string[]): string | undefined {
  let best: { type: string; weight: number } | undefined;
  for (const type of types) {
    const family = `${type.slice(0, type.indexOf('/'))}/*`;
    const weight = weights.get(type) ?? weights.get(family) ?? weights.get('*/*') ?? 0;
    if (weight > (best?.weight ?? 0)) best = { type, weight };
  }
  return best?.type;
}

/** The members of an Accept header or one like it, each with its weight (RFC 9110, 12.4.2); of a repeated one the first. */
export function parseWeights(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const member of header.split(',')) {
    const [name = '', ...parameters] = member.split(';').map((piece) => piece.trim().toLowerCase());
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    if (!weights.has(name)) weights.set(name, Number.isNaN(weight) ? 1 : weight);
  }
  return weights;
}
