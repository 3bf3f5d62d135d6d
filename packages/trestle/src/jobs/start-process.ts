import { sql } from '../database/sql.ts';
import { param, statement } from '../database/statement.ts';
import type { Executor, Store } from '../database/store.ts';
import { compileSystemModels, SystemTable } from '../rows/system-tables.ts';
import { uuid7 } from '../rows/uuid7.ts';
import type { App } from '../schema/app.ts';
import { JOB_RESOURCES } from './job-table.ts';
import type { JobLog } from './worker.ts';

/** Seconds for which a process counts without having been heard of. */
const LEASE = 30;
const HEARTBEAT_MS = 10_000;

type Members = Readonly<Record<string, number>>;

/**
 * Runs the app's code at the start of a process, and answers what runs that of its stop. The processes of a cluster are counted
 * in one row, by leases of the database's clock, whose lock lets only one of them come or go at a time.
 */
export async function startProcess<Context>(
  app: Pick<App, 'accounts'> & { readonly [K in 'start' | 'stop']: App[K] },
  { store, context, log }: { store: Store; context: Context; log: JobLog },
): Promise<() => Promise<void>> {
  // The context is of the app that this code was declared in.
  const [start, stop] = [app.start, app.stop] as {
    [K in 'process' | 'cluster']?: (given: Context) => Promise<void>;
  }[];
  const cluster = (start?.cluster ?? stop?.cluster) && joinable(app, store);
  const isFirst = await cluster?.beat();
  const timer = cluster && setInterval(() => void cluster.beat().catch(log.failed), HEARTBEAT_MS);
  const leave = async () => {
    clearInterval(timer);
    return cluster?.leave();
  };
  try {
    if (isFirst) await start?.cluster?.(context);
    await start?.process?.(context);
  } catch (error) {
    // Nobody waits for the start of a cluster that failed: the next process is the first again.
    await leave();
    throw error;
  }
  return async () => {
    try {
      await stop?.process?.(context);
      if (await leave()) await stop?.cluster?.(context);
    } catch (error) {
      log.failed(error);
    }
  };
}

/** This process, as one of those that share the rows of an app. */
function joinable(app: Pick<App, 'accounts'>, store: Store) {
  const me = uuid7();
  const { dialect } = store;
  const { clusters } = compileSystemModels(JOB_RESOURCES, app.accounts, store);
  const table = new SystemTable<(typeof JOB_RESOURCES)['clusters']>(clusters);
  const create = table.insert(sql`on conflict (name) do nothing`);
  const lock = table.select(sql`where name = ${param('name')} ${dialect.forUpdate}`);
  const update = table.update(['members'], sql`name = ${param('name')}`);
  const clock = statement(dialect, sql`select ${dialect.clock} as seconds`);
  const change = (edit: (others: Members, now: number) => Members) =>
    store.write(async (executor: Executor) => {
      const name = 'all';
      await create(executor, { name, members: {} });
      const [row] = await lock(executor, { name });
      const [time] = await executor.all(clock, []);
      const now = Number(time?.seconds);
      // Written below.
      const members = Object.entries((row?.members ?? {}) as Members);
      const others = Object.fromEntries(members.filter(([id, lease]) => id !== me && lease > now));
      await update(executor, { name, members: edit(others, now) });
      return Object.keys(others).length === 0;
    });
  return {
    /** Answers whether there is no other. */
    beat: () => change((others, now) => ({ ...others, [me]: now + LEASE })),
    leave: () => change((others) => others),
  };
}
