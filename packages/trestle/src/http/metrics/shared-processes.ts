import { isNotifier } from '../../database/notifier.ts';
import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import type { Store } from '../../database/store.ts';
import { JOB_RESOURCES } from '../../jobs/job-table.ts';
import { compileSystemModels, SystemTable } from '../../rows/system-tables.ts';
import type { App } from '../../schema/app.ts';
import { nameOf, type ProcessHead, type Sample } from './metrics-history.ts';

/** Milliseconds of one sample in the database: coarser than those of the data folder, since each is a write. */
const STEP_MS = 300_000;
const DAY_MS = 86_400_000;
/** Processes that are read, the last that came. */
const MAX_PROCESSES = 64;
const PREFIX = 'process ';

/** Measures of what happened since the sample before; the others are of a moment. */
const COUNTED: ReadonlySet<string> = new Set([
  'requests',
  'errors',
  'refused',
  'commits',
  'committed_writes',
  'statements',
] satisfies (keyof Sample)[]);

/** A process as its row keeps it. */
interface Member {
  readonly head: ProcessHead;
  /** Of the last day, the last one unfinished. */
  readonly samples: readonly Sample[];
}

/** The processes of an app on its database, each with the measures of its last day in a row of its own that it alone writes. */
export interface SharedProcesses {
  /** Tells of this process, with each sample. */
  publish(head: ProcessHead, sample: Sample): Promise<void>;
  /** Tells that this process has ended, where it has told of itself. */
  end(head: ProcessHead): Promise<void>;
  read(since: number): Promise<Member[]>;
}

/** Opens them where processes on several data folders may have the database: a file is in one, whose files tell of all. */
export function openSharedProcesses(
  store: Store,
  { accounts }: Pick<App, 'accounts'>,
): SharedProcesses | undefined {
  if (!isNotifier(store)) return undefined;
  const { clusters } = compileSystemModels(JOB_RESOURCES, accounts, store);
  const table = new SystemTable<(typeof JOB_RESOURCES)['clusters']>(clusters);
  const isProcess = sql`name like ${sql.lit(`${PREFIX}%`)}`;
  const put = table.insert(sql`on conflict (name) do update set members = excluded.members`);
  const select = table.select(sql`where ${isProcess} order by id desc limit ${sql.lit(MAX_PROCESSES)}`);
  const remove = table.delete(sql`name = ${param('name')}`);
  let samples: Sample[] = [];
  const read = async () =>
    // What a row holds was written here.
    (await select(store)).map(({ name, members }) => ({ name, ...(members as unknown as Member) }));

  async function tell(head: ProcessHead): Promise<void> {
    const row = { name: `${PREFIX}${nameOf(head)}`, members: { head, samples } };
    await store.write((transaction) => put(transaction, row));
  }

  return {
    async publish(head, sample) {
      if (samples.length === 0) {
        const ended = (await read()).filter((one) => sample.at - (one.samples.at(-1)?.at ?? 0) > DAY_MS);
        if (ended.length > 0)
          await store.write(async (transaction) => {
            for (const { name } of ended) await remove(transaction, { name });
          });
      }
      const last = samples.at(-1);
      const isSameStep = last && Math.floor(last.at / STEP_MS) === Math.floor(sample.at / STEP_MS);
      const joined = isSameStep ? [...samples.slice(0, -1), join(last, sample)] : [...samples, sample];
      samples = joined.filter(({ at }) => sample.at - at < DAY_MS);
      await tell(head);
    },
    end: async (head) => {
      if (samples.length > 0) await tell(head);
    },
    read: async (since) => (await read()).filter((one) => (one.samples.at(-1)?.at ?? 0) >= since),
  };
}

/** One sample of two: counts are added, of other measures the worst is kept, and of states the last. */
function join(before: Sample, now: Sample): Sample {
  const entries = Object.entries(now).map(([name, value]) => {
    const last = before[name as keyof Sample];
    if (name === 'at' || name === 'ready' || !Number.isFinite(last)) return [name, value] as const;
    if (!Number.isFinite(value)) return [name, last] as const;
    return [name, COUNTED.has(name) ? last + value : Math.max(last, value)] as const;
  });
  // The same names.
  return Object.fromEntries(entries) as Sample;
}
