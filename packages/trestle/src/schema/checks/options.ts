import { didYouMean, nearest } from './nearest.ts';

/** An error in a part of a declaration: its path below that part (`.can.read`), and the expectation. */
export interface Mistake {
  readonly path: string;
  readonly message: string;
}

/** Checks one option's value; `undefined` never comes here. */
export type OptionCheck = (value: unknown) => readonly Mistake[];

/** The checks of all options that a function of a declaration takes. */
export type OptionTable<Options> = { readonly [Name in keyof Required<Options>]: OptionCheck };

/** Accepts what `fits`; `what` completes the sentence "expected ...". */
export function expects(what: string, fits: (value: unknown) => boolean): OptionCheck {
  return (value) => (fits(value) ? [] : [mistake('', `expected ${what}, got ${shown(value)}`)]);
}

/** Accepts an object with these options alone. `owner` names what has them: `text()`. */
export function optionsOf<Options>(owner: string, table: OptionTable<Options>): OptionCheck {
  const checks = new Map<string, OptionCheck>(Object.entries(table));
  const names = [...checks.keys()];
  return (value) => {
    if (!isObject(value)) return [mistake('', `${owner} expected options in an object, got ${shown(value)}`)];
    return Object.entries(value).flatMap(([name, option]) => {
      const check = checks.get(name);
      if (check) return option === undefined ? [] : below(`.${name}`, check(option));
      const near = nearest(name, names);
      const hint = near ? `did you mean '${near}'?` : `its options are ${names.join(', ')}`;
      return [mistake('', `${owner} has no option '${name}'; ${hint}`)];
    });
  };
}

/** Accepts an object whose members all pass one check. */
export function membersOf(what: string, member: OptionCheck): OptionCheck {
  return (value) =>
    isObject(value)
      ? Object.entries(value).flatMap(([name, each]) => below(`.${name}`, member(each)))
      : [mistake('', `expected ${what}, got ${shown(value)}`)];
}

/** The mistakes of a part, as mistakes of what it is part of. */
export function below(path: string, mistakes: readonly Mistake[]): Mistake[] {
  return mistakes.map((one) => ({ ...one, path: path + one.path }));
}

export function mistake(path: string, message: string): Mistake {
  return { path, message };
}

export const anything: OptionCheck = () => [];
export const aBoolean = expects('true or false', (value) => typeof value === 'boolean');
export const aString = expects('a string', (value) => typeof value === 'string');
export const aFunction = expects('a function', (value) => typeof value === 'function');
export const aNumber = expects('a number', (value) => typeof value === 'number' && Number.isFinite(value));
export const aCount = expects(
  'an integer from 0',
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
);
export const names = expects('an array of field names', isStrings);
export const groups = expects(
  'an array of arrays of field names',
  (value) => Array.isArray(value) && value.every(isStrings),
);

export function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One of some words, with the nearest where none is. */
export function oneWordOf(words: readonly string[]): OptionCheck {
  return (value) => {
    if (typeof value === 'string' && words.includes(value)) return [];
    const hint = typeof value === 'string' ? didYouMean(value, words) : '';
    return [
      mistake('', `expected ${words.map((word) => `'${word}'`).join(' or ')}, got ${shown(value)}${hint}`),
    ];
  };
}

/** `min` must not be above `max`. */
export function rangeMistakes(options: unknown): Mistake[] {
  if (!isObject(options) || typeof options.min !== 'number' || typeof options.max !== 'number') return [];
  return options.min > options.max ? [mistake('', `min (${options.min}) is above max (${options.max})`)] : [];
}

/** A value in a message, cut short. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name || '(without a name)'}`;
  const text = value instanceof RegExp ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

const known = new WeakMap<object, readonly Mistake[]>();

/** Keeps what is wrong with a part of a declaration until `app()` knows its path. */
export function withMistakes<T extends object>(part: T, mistakes: readonly Mistake[]): T {
  if (mistakes.length > 0) known.set(part, mistakes);
  return part;
}

export function mistakesOf(part: object): readonly Mistake[] {
  return known.get(part) ?? [];
}
