import { LruMap } from '../../lru-map.ts';

const JSON_ONLY = ['application/json'] as const;

/** Answers for JSON by header text: clients send few different ones. */
const remembered = new LruMap<string, boolean>(256);

/**
 * Whether an Accept header takes one of the media types a route answers with (default: JSON), as RFC 9110, 12.5.1 has it:
 * the most specific range decides, and `q=0` excludes. No header takes everything.
 */
export function accepts(header: string | undefined, types: readonly string[] = JSON_ONLY): boolean {
  if (header === undefined || header === '*/*' || header === '') return true;
  if (types !== JSON_ONLY) return judge(header, types);
  let verdict = remembered.get(header);
  if (verdict === undefined) {
    verdict = judge(header, types);
    remembered.set(header, verdict);
  }
  return verdict;
}

/** The one of the types that the client likes best; the first on a tie, undefined where it takes none. */
export function preferred(header: string | undefined, types: readonly string[]): string | undefined {
  if (header === undefined || header === '') return types[0];
  const ranges = parse(header);
  let best: { type: string; quality: number } | undefined;
  for (const type of types) {
    const quality = qualityOf(type, ranges);
    if (quality > (best?.quality ?? 0)) best = { type, quality };
  }
  return best?.type;
}

interface Range {
  range: string;
  quality: number;
}

function judge(header: string, types: readonly string[]): boolean {
  const ranges = parse(header);
  return types.some((type) => qualityOf(type, ranges) > 0);
}

function parse(header: string): Range[] {
  return header.split(',').map((part) => {
    const [range = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    const value = quality === undefined ? 1 : Number(quality.slice(2));
    return { range, quality: Number.isNaN(value) ? 1 : value };
  });
}

function qualityOf(type: string, ranges: readonly Range[]): number {
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  for (const wanted of [type, family, '*/*']) {
    const range = ranges.find((candidate) => candidate.range === wanted);
    if (range) return range.quality;
  }
  return 0;
}
