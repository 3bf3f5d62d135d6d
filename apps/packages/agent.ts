/**
 * The client of the document, on the real thing: creates a package, downloads and activates it, shows progress from the
 * event stream, and ends with the final rows. Ctrl-C cancels the operation that is under way.
 * Exit codes: 0 done, 1 the work failed, 2 wrong arguments or refused, 130 cancelled.
 */
import { parseArgs } from 'node:util';
import { Client, type Operation } from './agent-client.ts';
import { bar } from './progress-bar.ts';

const USAGE = `npm run agent -- --url URL --key KEY [options]

  --url URL          where packages is served, e.g. http://localhost:4000/packages
  --key KEY          an API key (or TRESTLE_PACKAGES_KEY)
  --name NAME        name of the package (default: sample)
  --version VERSION  its version (default: 1.0.0)
  --source SOURCE    where it is downloaded from (default: none, a simulated transfer)
  --sha256 DIGEST    the SHA-256 that the download must have
`;

const EXIT = { done: 0, failed: 1, refused: 2, cancelled: 130 } as const;

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    const key = values.key ?? process.env.TRESTLE_PACKAGES_KEY;
    if (values.help || !values.url || !key) {
      process.stderr.write(USAGE);
      return values.help ? EXIT.done : EXIT.refused;
    }
    return await work(new Client(values.url, key), values);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return EXIT.refused;
  }
}

const OPTIONS = {
  url: { type: 'string' },
  key: { type: 'string' },
  name: { type: 'string', default: 'sample' },
  version: { type: 'string', default: '1.0.0' },
  source: { type: 'string' },
  sha256: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

interface Wanted {
  name: string;
  version: string;
  source?: string | undefined;
  sha256?: string | undefined;
}

async function work(client: Client, { name, version, source, sha256 }: Wanted): Promise<number> {
  const created = await client.create({
    name,
    version,
    ...(source && { source }),
    ...(sha256 && { sha256 }),
  });
  console.log(`Package ${created.id}: ${name} ${version}, ${created.status}`);
  for (const kind of ['download', 'activate'] as const) {
    const ended = await follow(client, await client.start(created.id, kind));
    if (ended.state === 'succeeded') continue;
    console.error(`The ${kind} ${ended.state}${ended.error ? `: ${ended.error}` : '.'}`);
    return ended.state === 'cancelled' ? EXIT.cancelled : EXIT.failed;
  }
  console.table([await client.read(created.id)]);
  console.table((await client.operations(created.id)).map(rowOf));
  return EXIT.done;
}

/** Shows an operation until it has ended; Ctrl-C cancels it, and a second one leaves it to itself. */
async function follow(client: Client, started: Operation): Promise<Operation> {
  const cancel = () => {
    process.off('SIGINT', cancel);
    client.cancel(started.id).catch((error: unknown) => console.error(`\nNot cancelled: ${error}`));
  };
  process.on('SIGINT', cancel);
  const shown = bar(started.kind);
  try {
    let last = started;
    for await (const operation of client.follow(started.id)) {
      last = operation;
      shown.show(operation.progress, operation.message ?? operation.state);
    }
    shown.end(last.progress, last.state);
    return last;
  } finally {
    process.off('SIGINT', cancel);
  }
}

function rowOf({ kind, state, attempts, started_at, finished_at }: Operation) {
  const seconds = (Date.parse(finished_at ?? '') - Date.parse(started_at ?? '')) / 1000;
  return { kind, state, attempts, seconds };
}

process.exitCode = await main();
