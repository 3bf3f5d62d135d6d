import { parseArgs } from 'node:util';
import { FUZZED, fuzz } from '../packages/trestle/test/http-routes/fuzzer.ts';

const HELP = `npm run fuzz -- [options]

Sends random requests, made of each app's /openapi.json, and stops at the first answer that the document does not allow: a 5xx,
a status, media type or header that is not in it, or a body that its schema refuses. It prints the request and its seed.

  --requests N     about as many requests in all (default: 100000)
  --seed N         the run to repeat (default: a new one)
  --app NAME       one of ${Object.keys(FUZZED).join(', ')} (default: all)
  --database URL   a PostgreSQL database of its own (default: SQLite)
  --help           this text`;

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    app: { type: 'string' },
    database: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

/** Rounds of one server: a new one starts with empty tables and other values. */
const ROUNDS = 40;

async function main(): Promise<void> {
  const apps = Object.entries(FUZZED).filter(([name]) => values.app === undefined || name === values.app);
  if (apps.length === 0) throw new Error(`There is no app '${values.app}'.`);
  const started = Date.now();
  let sent = 0;
  for (let seed = Number(values.seed); sent < Number(values.requests); seed += 1)
    for (const [name, open] of apps) {
      const database = values.database === undefined ? {} : { database: values.database };
      const served = await open(database);
      try {
        sent += await fuzz(served, { seed, rounds: ROUNDS });
      } finally {
        await served.close();
      }
      console.log(`${name} ${sent} requests, seed ${seed}, ${Math.round((Date.now() - started) / 1000)} s`);
    }
}

if (values.help) console.log(HELP);
else await main();
