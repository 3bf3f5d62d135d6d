import { hostname, userInfo } from 'node:os';
import { type AttributedAct, auditWriter } from '../../accounts/operators/audit.ts';
import type { Executor, Store } from '../../database/store.ts';
import type { App } from '../../schema/app.ts';

const MAX_ADDRESS_LENGTH = 100;

/** A command's act, for the audit. */
export interface CommandAct {
  /** Such as `trestle accounts disable`. */
  readonly command: string;
  readonly resource: string;
  readonly row?: string | number | undefined;
  /** Names of what was set, never values. */
  readonly fields?: readonly string[];
}

/** The entry of a command: by the user of the operating system, from this machine. */
export function actOfCommand({ command, resource, row, fields = [] }: CommandAct): AttributedAct {
  return {
    account: null,
    username: userName(),
    credential: 'cli',
    key: null,
    method: 'CLI',
    route: command,
    resource,
    row: row === undefined ? null : String(row),
    fields: [...fields],
    status: null,
    code: null,
    viewed_as: null,
    address: hostname().slice(0, MAX_ADDRESS_LENGTH),
    agent: null,
    request: null,
  };
}

/** Writes an act into the audit of an app's database, in a transaction where it is given one. */
export async function recordAct(
  store: Store,
  app: App,
  act: AttributedAct,
  within?: Executor,
): Promise<void> {
  const write = auditWriter(store, app.accounts);
  const at = new Date().toISOString();
  if (within) return write(within, act, at);
  await store.write((transaction) => write(transaction, act, at));
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}
