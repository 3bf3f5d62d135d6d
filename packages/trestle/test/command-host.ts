/** Runs commands of the command line one after the other, as their own processes would; `command` of `processes.ts` sends them. */
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { run } from '../src/cli/run.ts';

/** Modules of tests may have changed since the last command: each command loads them anew. */
const TEMPORARY = pathToFileURL(tmpdir()).href;
let commands = 0;
registerHooks({
  resolve(specifier, context, nextResolve) {
    const found = nextResolve(specifier, context);
    return found.url.startsWith(TEMPORARY) ? { ...found, url: `${found.url}?${commands}` } : found;
  },
});

import type { Ended, HostedCommand } from './processes.ts';

// Each command listens as if it were the only one.
for (const emitter of [process, process.stdout, process.stderr]) emitter.setMaxListeners(0);

process.on('message', async ({ words, cwd, env, input }: HostedCommand) => {
  process.send?.(await performed(words, { cwd, env, input }));
});

async function performed(
  words: readonly string[],
  { cwd, env, input }: Omit<HostedCommand, 'words'>,
): Promise<Ended> {
  commands += 1;
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  const stdin = Readable.from([Buffer.from(input)], { objectMode: false });
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true });
  process.exitCode = undefined;
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    process[name].write = (text: string | Uint8Array) => {
      if (ended.code === null) ended[name] += String(text);
      return true;
    };
  // What follows the end of a process does not happen.
  process.exit = (code) => {
    ended.code ??= Number(code ?? 0);
    throw new Error('the process has ended');
  };
  await run(words).catch((error: unknown) => {
    if (ended.code === null) throw error;
  });
  ended.code ??= Number(process.exitCode ?? 0);
  return ended;
}
