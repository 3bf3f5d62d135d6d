import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Location } from '../database/open-store.ts';

/** A location from an option: `sqlite:FOLDER` or `postgres://...`. */
export function place(text: string): Location {
  if (/^postgres(ql)?:\/\//.test(text)) return { data: '', database: text };
  const folder = /^sqlite:(?:\/\/)?(.+)$/.exec(text)?.[1];
  if (folder) return { data: resolve(folder) };
  throw new InvalidArgumentError('Expected sqlite:FOLDER or postgres://user@host:5432/name.');
}
