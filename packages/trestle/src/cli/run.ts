import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { messageOf, Problem } from '../problems.ts';
import { StartError } from '../start-error.ts';
import { COMMANDS } from './commands.ts';
import { applyConfigFile } from './config-file.ts';
import { type Embedded, embed, embedded } from './embedded.ts';

/**
 * The command line: `trestle COMMAND ...`. Code of a command is loaded when that command is asked for. An executable passes
 * what it holds, and serves where its command line begins with no command.
 */
export async function run(line: readonly string[], parts?: Embedded): Promise<void> {
  if (parts) embed(parts);
  const isCommand = ['help', '-h', '--help', ...COMMANDS.map(({ name }) => name)].includes(line[0] ?? '');
  const words = parts && !isCommand ? ['serve', ...line] : line;
  const program = new Command(embedded ? basename(process.execPath) : 'trestle')
    .description('One declaration of resources, one production REST backend.')
    .showHelpAfterError('(add --help for what there is)')
    .helpCommand('help [command]', 'Show help for a command');
  addVersion(program);
  const [first = ''] = words;
  // A command whose reader, such as `head`, has seen enough ends; a server goes on.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!['serve', 'dev'].includes(first)) process.exit();
  });
  try {
    for (const { name, summary, load } of COMMANDS) {
      const command = program.command(name).description(summary);
      if (!words.includes(name)) continue;
      (await load()).define(command);
      await applyConfigFile(command);
    }
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    // One clear line for what people can put right; the stack too, where it is asked for.
    const message = messageOf(error);
    // A problem and an error of the file system, of SQLite or of PostgreSQL (`severity`) say themselves what is wrong.
    const expected =
      error instanceof StartError ||
      error instanceof Problem ||
      (error instanceof Error && ['syscall', 'errcode', 'severity'].some((member) => member in error));
    process.stderr.write(`trestle: ${expected ? '' : 'unexpected: '}${message}\n`);
    if (process.env.TRESTLE_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exit(error instanceof StartError ? error.exitCode : 1);
  }
}

/** Adds `--version`, with that of the package that this code is in; an executable has none. */
function addVersion(program: Command): void {
  if (embedded) return;
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  program.version(version, '-V, --version', 'print the version');
}
