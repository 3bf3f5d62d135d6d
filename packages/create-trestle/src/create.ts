import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { DATABASES, type Database, makeProject, type Project, TEMPLATES, type Template } from './project.ts';

const HELP = `npm create trestle@latest [folder] -- [options]

Makes a folder with a Trestle backend that runs, and installs what it needs.

  --template <name>   ${TEMPLATES.join(', ')} (default: notes)
  --database <name>   sqlite or postgres (default: sqlite)
  --name <name>       the app's name: lower-case letters, digits and dashes (default: the folder's name)
  --yes               ask nothing: defaults for all that is not given
  --no-install        do not run npm install
  --engine <spec>     the version, or a path, of the package trestle (default: this version)
  --help              this text

Exit codes: 0 made, 1 not made (a message says why), 2 made but npm install failed.`;

const APP_NAME = /^[a-z][a-z0-9-]{0,40}$/;
const DEFAULT_FOLDER = 'my-app';

/** A mistake of whoever runs the command. */
class UsageError extends Error {}

/** The command line of create-trestle; gives the exit code. */
export async function create(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (options.help) {
      console.log(HELP);
      return 0;
    }
    const project = await askFor(options);
    const files = makeProject(project);
    const shown = relative(process.cwd(), project.folder) || '.';
    console.log(`Made ${files.length} files in ${shown}.`);
    if (options.install && !installDependencies(project.folder)) {
      console.error(`npm install failed. In ${shown}, run it again.`);
      return 2;
    }
    const steps = [
      shown === '.' ? [] : [`cd ${shown}`],
      options.install ? [] : ['npm install'],
      ['npm run dev'],
    ];
    console.log(
      `\nNext:\n\n${steps
        .flat()
        .map((step) => `  ${step}\n`)
        .join('')}`,
    );
    return 0;
  } catch (error) {
    // An error of the file system says itself what is wrong.
    const isExpected = error instanceof UsageError || (error instanceof Error && 'syscall' in error);
    if (!isExpected) throw error;
    console.error(`create-trestle: ${error.message}`);
    return 1;
  }
}

function readOptions(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        template: { type: 'string' },
        database: { type: 'string' },
        name: { type: 'string' },
        engine: { type: 'string' },
        yes: { type: 'boolean', short: 'y', default: false },
        'no-install': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (positionals.length > 1) throw new UsageError(`expected one folder, got ${positionals.join(', ')}`);
    return { ...values, install: !values['no-install'], folder: positionals[0] };
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
  }
}

/** The project as it was asked for: by options, by questions at a terminal, by defaults. */
async function askFor(options: ReturnType<typeof readOptions>): Promise<Project> {
  const terminal =
    options.yes || !process.stdin.isTTY
      ? undefined
      : createInterface({ input: process.stdin, output: process.stdout });
  const ask = async (given: string | undefined, question: string, fallback: string): Promise<string> =>
    given ?? ((await terminal?.question(`${question} (${fallback}): `)) || fallback);
  try {
    const folder = resolve(await ask(options.folder, 'Folder', DEFAULT_FOLDER));
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw new UsageError(`the folder ${folder} is not empty; name another one`);
    const name = await ask(options.name, 'Name of the app', appNameOf(folder));
    if (!APP_NAME.test(name))
      throw new UsageError(`expected a name of lower-case letters, digits and dashes, got '${name}'`);
    const template = await ask(options.template, `Template: ${TEMPLATES.join(', ')}`, 'notes');
    const database = await ask(options.database, 'Database: sqlite, postgres', 'sqlite');
    return {
      folder,
      name,
      template: oneOf<Template>(TEMPLATES, template, 'template'),
      database: oneOf<Database>(DATABASES, database, 'database'),
      engine: options.engine,
    };
  } finally {
    terminal?.close();
  }
}

function appNameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replace(/^[^a-z]+/, '');
  return APP_NAME.test(name) ? name : DEFAULT_FOLDER;
}

function oneOf<T extends string>(values: readonly T[], given: string, what: string): T {
  const found = values.find((value) => value === given);
  if (found) return found;
  throw new UsageError(`expected a ${what} of ${values.join(', ')}, got '${given}'`);
}

function installDependencies(folder: string): boolean {
  const options = ['install', '--no-audit', '--no-fund', '--loglevel=error'];
  return spawnSync('npm', options, { cwd: folder, stdio: 'inherit' }).status === 0;
}
