import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { OperatorService } from '../../accounts/operators/operators.ts';
import { fileOf } from '../../database/open-store.ts';
import type { Engine } from '../../engine.ts';
import { inTransaction } from '../../rows/transaction.ts';
import { idFromText } from '../../rows/validate.ts';
import type { App } from '../../schema/app.ts';
import { system } from '../../schema/caller.ts';
import type { Jobs } from '../../schema/jobs.ts';
import type { ContractContext } from '../../schema/routes/app-contract.ts';
import type { Resources } from '../../schema/row-types.ts';
import type { Account, RequestContext } from '../../schema/services/account-service.ts';
import type { Page } from '../../schema/services/list-query.ts';
import { StartError } from '../../start-error.ts';
import { type DataOptions, databaseOf, withData } from '../data-options.ts';
import { findApps } from '../find-apps.ts';
import { closeEngines, openEngines } from '../open-engines.ts';
import { actOfCommand, type CommandAct, recordAct } from './audited.ts';

/** Options of commands on the accounts and keys of one app. */
export interface AppOptions extends DataOptions {
  app?: string;
  json?: boolean;
}

/** Adds `--app`, `--json` and where the rows are. */
export function withApp(command: Command): Command {
  return withData(command)
    .option('--app <name>', 'the app, by its folder or its name in apps/ (default: the only one)')
    .option('--json', 'print JSON');
}

/** The operator at the terminal: the app's own code, which throttling and the log take for this machine. */
export const OPERATOR = { ...system(), origin: { address: '127.0.0.1' } };

export interface OpenedApp extends ContractContext<Resources, Jobs> {
  readonly declared: App;
  readonly operators: OperatorService;
  /** Runs a change in one transaction with its entry in the audit, which the change may complete. */
  audited<T>(
    act: CommandAct,
    change: (context: RequestContext, changed: ChangedRow) => Promise<T>,
  ): Promise<T>;
}

/** The row of a change whose id is known afterwards alone. */
type ChangedRow = (row: string | number) => void;

/** Opens the app, also beside a server of it, runs a command on it, and closes it. */
export async function onApp<T>(
  options: AppOptions & { readonly make?: boolean },
  run: (opened: OpenedApp) => Promise<T>,
): Promise<T> {
  const [app, other] = await findApps(options.app === undefined ? [] : [options.app]);
  if (!app || other) throw new StartError('there are several apps here; name one with --app');
  const database = databaseOf(app, options);
  const file = fileOf(options.data, app.name);
  if (!database && !options.make && !existsSync(file)) throw new StartError(`there is no database ${file}`);
  const engines = await openEngines([app], { data: options.data, database, roles: [], shared: true });
  try {
    const [engine] = engines;
    // Which fields accounts have is known at run time alone.
    return await run({
      ...engine?.context,
      declared: app,
      operators: engine?.operators,
      audited: engine && audited(engine),
    } as unknown as OpenedApp);
  } finally {
    await closeEngines(engines);
  }
}

function audited({ store, app }: Engine): OpenedApp['audited'] {
  return (act, change) =>
    inTransaction(
      store,
      OPERATOR,
      async (transaction) => {
        let { row } = act;
        const result = await change({ ...OPERATOR, transaction }, (changed) => {
          row = changed;
        });
        await recordAct(store, app, actOfCommand({ ...act, row }), transaction);
        return result;
      },
      { before: true },
    );
}

/** An account by its user name, else by its id. Throws `StartError`. */
export async function accountNamed({ accounts, declared }: OpenedApp, name: string): Promise<Account> {
  const { items } = await accounts.list(OPERATOR, { filter: { username: { eq: name } }, limit: 1 });
  const id = idFromText(declared.accounts.id, name);
  const found = items[0] ?? (await accounts.read(OPERATOR, id).catch(() => undefined));
  if (found) return found;
  throw new StartError(`${declared.name} has no account '${name}'`);
}

const PAGE_SIZE = 200;

/** Every item of a list, a page at a time. */
export async function allOf<T>(
  list: (limit: number, cursor: string | undefined) => Promise<Page<T>>,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await list(PAGE_SIZE, cursor);
    all.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** Prints a result: JSON where it was asked for, else as `text` says it. */
export function print(json: boolean | undefined, result: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(result, undefined, 2) : text}\n`);
}
