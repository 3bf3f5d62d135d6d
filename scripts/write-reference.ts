import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import type { Argument, Command, Option } from 'commander';
import { PROBLEMS } from '../packages/trestle/src/problems.ts';
import { allCommands } from './check-reference.ts';

/**
 * Writes the pages of the reference that no declaration's comment makes: the commands with their options, and the errors. Each is
 * made of what the program itself prints and sends.
 */
export async function writeReference(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const commands = (await allCommands()).filter((command) => command.commands.length === 0);
  writeFileSync(join(folder, 'commands.md'), `${HEAD_OF_COMMANDS}${commands.map(commandPart).join('\n')}`);
  writeFileSync(join(folder, 'errors.md'), errorPage());
}

const HEAD_OF_COMMANDS = `# Commands

Every option that has a variable is also read from it, and those of \`serve\` from
[\`trestle.config.ts\`](trestle/interfaces/Config.md) too: the command line goes before the environment, that before the file.

`;

function commandPart(command: Command): string {
  const names = [command.name()];
  for (let above = command.parent; above; above = above.parent) names.unshift(above.name());
  const usage = command.registeredArguments.map((argument) => ` ${usageOf(argument)}`).join('');
  const parts = [
    ...command.registeredArguments.map((each) => [code(usageOf(each)), '', each.description]),
    ...command.options.filter(({ hidden }) => !hidden).map(optionRow),
  ];
  const table = parts.length === 0 ? '' : `\n${tableOf(['option', 'variable', 'means'], parts)}`;
  return `## ${names.slice(1).join(' ')}\n\n\`${names.join(' ')}${usage}\`\n\n${escaped(command.description())}\n${table}`;
}

function usageOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionRow({
  flags,
  envVar,
  description,
  defaultValue,
  defaultValueDescription,
  argChoices,
}: Option): string[] {
  const preset = defaultValueDescription ?? (typeof defaultValue === 'object' ? undefined : defaultValue);
  const choices = argChoices ? ` (${argChoices.join(', ')})` : '';
  const words = `${description}${choices}${preset === undefined ? '' : ` (default: ${preset})`}`;
  return [code(flags), envVar === undefined ? '' : code(envVar), words];
}

function errorPage(): string {
  const rows = Object.entries(PROBLEMS).map(([name, { status, title, remedy }]) => [
    code(name),
    String(status),
    title,
    remedy,
  ]);
  return `# Errors

The codes of [errors of the uniform API](../uniform-api.md#errors), which a server describes too, at \`/problems/CODE\`. Own code
throws them as [\`Problem\`](trestle/contract/classes/Problem.md).

${tableOf(['code', 'status', 'means', 'what to do'], rows)}`;
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => escaped(cell)).join(' | ')} |\n`;
  return [head, head.map(() => '---'), ...rows].map(line).join('');
}

/** A text in which no character means something to Markdown or to a page's template. */
function escaped(text: string): string {
  return text.replace(/\||<(?![^`]*`)/g, (found) => (found === '|' ? '\\|' : '&lt;'));
}

function code(text: string): string {
  return `\`${text}\``;
}

if (import.meta.main) await writeReference(join(import.meta.dirname, '../docs/reference'));
