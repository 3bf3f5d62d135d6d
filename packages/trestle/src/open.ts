/**
 * For scripts: an app that is open in this process without a server.
 *
 * @module trestle/open
 */

import { openEngine } from './engine.ts';
import type { App } from './schema/app.ts';
import type { Jobs } from './schema/jobs.ts';
import type { Fields } from './schema/resource.ts';
import type { ContractContext } from './schema/routes/app-contract.ts';
import type { Resources } from './schema/row-types.ts';

/** Where the rows of an app are, and what this process does beside calling verbs. */
export interface OpenOptions {
  /** The folder of SQLite files and secrets (default: `TRESTLE_DATA`, else `./data`). */
  data?: string;
  /** A `postgres://` URL (default: `DATABASE_URL`, else SQLite in the data folder). */
  database?: string | undefined;
  /** `work` runs jobs, `schedule` fires schedules; with one of them the app's `start` and `stop` run too (default: none). */
  roles?: readonly ('work' | 'schedule')[];
}

/** An app that is open in this process: what a contract is given, and what closes it. */
export interface OpenApp<Rs extends Resources, Js extends Jobs, F extends Fields>
  extends ContractContext<Rs, Js, F> {
  /** Ends its jobs, and closes the database. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens an app without serving it: for scripts and tests, also beside a server of the same rows. Its tables are brought to the
 * declaration by additive migrations, as at a start. Close it, or the process does not end.
 *
 * @throws {StartError} where the database cannot be opened or brought to the declaration.
 * @example
 * await using notebook = await openApp(app({ name: 'notes', resources: { notes } }), { data: './data' });
 * await notebook.services.notes.create(system(), { title: 'Made by a script' });
 */
export async function openApp<Rs extends Resources, Js extends Jobs, F extends Fields>(
  app: App<Rs, Js, F>,
  options: OpenOptions = {},
): Promise<OpenApp<Rs, Js, F>> {
  const { TRESTLE_DATA, DATABASE_URL } = process.env;
  const { data = TRESTLE_DATA ?? './data', database = DATABASE_URL, roles = [] } = options;
  const { TRESTLE_SMTP: smtp, TRESTLE_MAIL_FROM: from, TRESTLE_PUBLIC_URL: publicUrl } = process.env;
  const mail = { smtp, from, publicUrl };
  const { context, close } = await openEngine(app, { data, database, roles, shared: true, mail });
  return { ...context, close, [Symbol.asyncDispose]: close };
}
