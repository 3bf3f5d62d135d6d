import { isSea } from 'node:sea';
import type { Command } from 'commander';

/** A command's own file: it adds its arguments, options and action. */
interface CommandModule {
  define(command: Command): void;
}

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
  /** Works on a project's files: an executable does not have it. */
  readonly sourcesOnly?: true;
}

/** Every command. A new one is a file and a line here. */
const ALL: readonly Entry[] = [
  { name: 'serve', summary: 'Serve apps over HTTP.', load: () => import('./commands/serve.ts') },
  {
    name: 'dev',
    summary: 'Serve apps and restart when a source file changes.',
    load: () => import('./commands/dev.ts'),
    sourcesOnly: true,
  },
  {
    name: 'health',
    summary: 'Ask a running server whether it is ready.',
    load: () => import('./commands/check-health.ts'),
  },
  {
    name: 'routes',
    summary: 'List the routes of apps, and who may call them.',
    load: () => import('./commands/list-routes.ts'),
  },
  {
    name: 'jobs',
    summary: 'List the jobs and schedules of an app.',
    load: () => import('./commands/list-jobs.ts'),
  },
  {
    name: 'accounts',
    summary: 'Make, list, disable and delete accounts; set passwords and roles.',
    load: () => import('./accounts/account-commands.ts'),
  },
  {
    name: 'keys',
    summary: 'Make, import, list and deactivate API keys.',
    load: () => import('./accounts/key-commands.ts'),
  },
  {
    name: 'verify',
    summary: 'Read a backup back, and compare its rows with the declaration.',
    load: () => import('./backups/verify-backup.ts'),
  },
  {
    name: 'doctor',
    summary: 'Say what is wrong with this machine, its configuration or a database.',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'config',
    summary: 'Show the settings of serve in effect, and where each comes from.',
    load: async () => ({ define: (await import('./commands/doctor.ts')).defineConfig }),
  },
  {
    name: 'completion',
    summary: 'Print a script that completes commands and options in a shell.',
    load: () => import('./print-completion.ts'),
  },
  {
    name: 'bundle',
    summary: 'Write one executable file with Node.js, the engine and apps.',
    load: () => import('./bundling/bundle.ts'),
    sourcesOnly: true,
  },
  {
    name: 'migrate',
    summary: 'Show and make the changes that bring databases to the declared tables.',
    load: () => import('./commands/migrate.ts'),
  },
  {
    name: 'rules',
    summary: 'Print who may do what: every rule, and what it is for each kind of caller.',
    load: () => import('./print-rules.ts'),
  },
  {
    name: 'copy',
    summary: 'Move apps between SQLite and PostgreSQL, ids kept, and compare both sides.',
    load: () => import('./commands/copy.ts'),
  },
  {
    name: 'backup',
    summary: 'Copy databases into files while they are in use, and check the copies.',
    load: () => import('./commands/backup.ts'),
  },
  {
    name: 'check',
    summary: 'Check that databases are whole, and their rows as declared.',
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'restore',
    summary: 'Put a backup in the place of a database, which is kept.',
    load: () => import('./commands/restore.ts'),
  },
  {
    name: 'export',
    summary: 'Write the rows of a resource as NDJSON or CSV.',
    load: () => import('./commands/export.ts'),
  },
  {
    name: 'import',
    summary: 'Read rows of a resource from NDJSON or CSV: all of them, or none.',
    load: () => import('./commands/import.ts'),
  },
];

export const COMMANDS = ALL.filter(({ sourcesOnly }) => !(sourcesOnly && isSea()));
