import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const HOME = join(import.meta.dirname, '..');

/** Templates that are apps of the repository, as they are there, by their folder. */
export const APPS = {
  clinic: 'examples/clinic',
  changelog: 'apps/changelog',
  messages: 'apps/messages',
  records: 'apps/records',
  forum: 'apps/forum',
  packages: 'apps/packages',
} as const;
export const TEMPLATES = ['empty', 'notes', ...(Object.keys(APPS) as (keyof typeof APPS)[])] as const;
export type Template = (typeof TEMPLATES)[number];
export const DATABASES = ['sqlite', 'postgres'] as const;
export type Database = (typeof DATABASES)[number];

export interface Project {
  /** An absolute path of a folder that is empty or missing. */
  readonly folder: string;
  /** Names the app, where the template does not, and the npm package. */
  readonly name: string;
  readonly template: Template;
  readonly database: Database;
  /** The npm version or path of the engine (default: the version of this package). */
  readonly engine: string | undefined;
}

/** Writes the files of a project; gives their paths below its folder. */
export function makeProject(project: Project): string[] {
  const { name, template, database, folder } = project;
  const files = new Map<string, string>();
  const common = join(HOME, 'templates/common');
  for (const source of [common, templateFolder(template), join(HOME, 'templates/empty')])
    for (const path of readdirSync(source, { recursive: true }).map(String)) {
      const target = targetOf(path);
      if (target === undefined || files.has(target) || !statSync(join(source, path)).isFile()) continue;
      files.set(target, readFileSync(join(source, path), 'utf8'));
    }
  if (database === 'sqlite') files.delete('compose.yaml');
  files.set('package.json', manifestOf(project));
  const values: Record<string, string> = {
    name,
    template,
    databaseUrl:
      database === 'postgres'
        ? 'DATABASE_URL=postgres://trestle:trestle@localhost:5432/trestle'
        : '# DATABASE_URL=postgres://user:password@localhost:5432/name',
  };
  for (const [path, text] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(
      file,
      text.replaceAll(/\{\{(\w+)\}\}/g, (whole, key) => values[key] ?? whole),
    );
  }
  return [...files.keys()].sort();
}

/** In the package all lie beside one another; in the repository some are apps. */
function templateFolder(template: Template): string {
  const own = join(HOME, 'templates', template);
  return existsSync(own) || !isApp(template) ? own : join(HOME, '../..', APPS[template]);
}

function isApp(template: Template): template is keyof typeof APPS {
  return Object.hasOwn(APPS, template);
}

/**
 * Where a template's file goes; undefined for one that stays behind. An app's tests and manifest need the
 * repository, and what is common goes first. npm leaves out `.gitignore` when it packs, and the repository's own test run must not find a template's test,
 * so those have other names here.
 */
function targetOf(path: string): string | undefined {
  if (/^test\/|\.test\.ts$|(^|\/)(package\.json|node_modules)/.test(path)) return undefined;
  return path
    .replace(/(^|\/)_(gitignore|dockerignore|env\.example)$/, '$1.$2')
    .replace(/-test\.ts$/, '.test.ts');
}

function manifestOf({ name, template, engine }: Project): string {
  const { version } = JSON.parse(readFileSync(join(HOME, 'package.json'), 'utf8'));
  const manifest = {
    name,
    private: true,
    version: '0.1.0',
    type: 'module',
    scripts: {
      dev: 'trestle dev',
      start: 'trestle serve',
      test: 'node --test',
      check: 'tsc',
    },
    dependencies: {
      trestle: engine ?? `^${version}`,
      ...(isApp(template) && { typebox: VERSIONS.typebox }),
      // Its page is made with the client.
      ...(template === 'changelog' && { 'trestle-client': `^${version}` }),
    },
    devDependencies: { '@types/node': VERSIONS.types, node: VERSIONS.node, typescript: VERSIONS.typescript },
    allowScripts: { node: true },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** As in the repository; a test holds them equal. */
export const VERSIONS = { node: '24.21.0', types: '24.19.2', typescript: '7.0.2', typebox: '1.4.3' } as const;
