import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command, InvalidArgumentError, type Option } from 'commander';
import { didYouMean } from '../schema/checks/nearest.ts';
import { isObject } from '../schema/checks/options.ts';
import { StartError } from '../start-error.ts';
import { embedded } from './embedded.ts';

export const CONFIG_FILE = 'trestle.config.ts';

/**
 * Takes the options that `trestle.config.ts` of the current folder names as a command's own: after the command line and the
 * environment, before the defaults. Throws `StartError` for a name or a value that no option of `serve` has.
 */
export async function applyConfigFile(command: Command): Promise<void> {
  const file = configFile();
  if (!file && !embedded?.config) return;
  const { default: config }: { default?: unknown } = file
    ? await import(pathToFileURL(file).href)
    : { default: embedded?.config };
  if (!isObject(config))
    throw new StartError(
      `${CONFIG_FILE} exports no configuration; write: export default defineConfig({ ... })`,
    );
  const serve = new Command('serve');
  // The options of serve are those that a file may name; other commands take what they share.
  (await import('./commands/serve.ts')).define(serve);
  const names = serve.options.map((option) => option.attributeName());
  for (const [name, value] of Object.entries(config)) {
    const known = serve.options.find((option) => option.attributeName() === name);
    if (!known)
      throw new StartError(
        `${CONFIG_FILE}: there is no option '${name}'; the options are ${names.join(', ')}${didYouMean(name, names)}`,
      );
    if (value === undefined) continue;
    const parsed = parsedValue(known, value);
    for (const each of [command, ...command.commands])
      if (each.options.some((option) => option.attributeName() === name))
        each.setOptionValueWithSource(name, parsed, 'config');
  }
}

/** The file of the current folder; undefined without one, and in an executable, which holds its own. */
export function configFile(): string | undefined {
  const file = resolve(CONFIG_FILE);
  return !embedded && existsSync(file) ? file : undefined;
}

/** A value as the command line would have it. */
function parsedValue(option: Option, value: unknown): unknown {
  const name = option.attributeName();
  const expected = option.isBoolean() || option.negate ? 'boolean' : undefined;
  if (expected) {
    if (typeof value === expected) return value;
    throw new StartError(`${CONFIG_FILE}: ${name}: expected true or false, got ${JSON.stringify(value)}`);
  }
  const text = Array.isArray(value) ? value.join(',') : String(value);
  try {
    return option.parseArg ? option.parseArg(text, undefined as never) : text;
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new StartError(`${CONFIG_FILE}: ${name}: ${error.message} Got ${JSON.stringify(value)}.`);
  }
}
