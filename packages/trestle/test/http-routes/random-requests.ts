import { at } from './notes.ts';

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values that break what is careless with them. */
const HOSTILE: readonly unknown[] = [
  null,
  true,
  '',
  ' ',
  0,
  -1,
  1.5,
  1e300,
  2 ** 53 - 1,
  [],
  {},
  [[]],
  [null],
  { a: { b: [] } },
  'x'.repeat(3000),
  "'; drop table accounts; --",
  '" or 1=1',
  '%',
  '_',
  '\\',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  '#{7*7}',
  'a\u0000b',
  '\ud83d\ude00',
  '\u202eevil',
  'Z\u0351\u036b\u0343',
  '__proto__',
  'constructor',
  'NaN',
  'null',
  '1e5',
  '99999999999999999999',
  '2026-02-30T25:61:00Z',
  '0000-00-00',
  '01890000-0000-7000-8000-000000000000',
];

/** Makes values for the schemas of a document: mostly such as fit, at times such as do not. */
export class Values {
  readonly #random: () => number;
  readonly #document: unknown;

  constructor(document: unknown, random: () => number) {
    this.#document = document;
    this.#random = random;
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#random() * list.length)];
  }

  hostile(): unknown {
    return this.pick(HOSTILE);
  }

  /** @param wildness how likely each value is a hostile one. */
  of(schema: unknown, wildness: number): unknown {
    if (this.chance(wildness)) return this.hostile();
    const reference = at(schema, '$ref');
    if (typeof reference === 'string') return this.of(this.#component(reference), wildness);
    const options = at(schema, 'enum') ?? at(schema, 'anyOf');
    if (Array.isArray(options)) {
      const option: unknown = this.pick(options);
      return at(schema, 'enum') ? option : this.of(option, wildness);
    }
    return this.#plain(schema, wildness);
  }

  #component(reference: string): unknown {
    return at(this.#document, 'components', 'schemas', reference.split('/').at(-1) ?? '');
  }

  #plain(schema: unknown, wildness: number): unknown {
    switch (at(schema, 'type')) {
      case 'object':
        return this.#object(schema, wildness);
      case 'array':
        return Array.from({ length: Math.floor(this.#random() * 3) }, () =>
          this.of(at(schema, 'items'), wildness),
        );
      case 'integer':
        return 1 + Math.floor(this.#random() * 4);
      case 'number':
        return Math.round(this.#random() * 1000) / 8;
      case 'boolean':
        return this.chance(0.5);
      case 'null':
        return null;
      default:
        return this.#text(schema);
    }
  }

  #text(schema: unknown): string {
    if (at(schema, 'format') === 'date-time') return new Date(1.7e12 + this.#random() * 1e11).toISOString();
    return `text${Math.floor(this.#random() * 50)}`;
  }

  #object(schema: unknown, wildness: number): Record<string, unknown> {
    const required = Object.values(Object(at(schema, 'required')));
    const made: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(Object(at(schema, 'properties'))))
      if (required.includes(name) || this.chance(0.5)) made[name] = this.of(member, wildness);
    if (this.chance(wildness)) made[String(this.hostile())] = this.hostile();
    return made;
  }
}
