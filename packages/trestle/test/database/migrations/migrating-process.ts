import { openPostgres } from '../../../src/database/postgres/open-postgres.ts';
import { openSqlite } from '../../../src/database/sqlite/open-sqlite.ts';
import { migrateTo } from './states.ts';
import { type Twin, twins } from './twins.ts';

/** A process that migrates: `migrating-process.ts TWIN sqlite FILE` or `TWIN postgres URL SCHEMA`. Says `go` when it begins. */
const [twin, kind, where = '', schema = ''] = process.argv.slice(2);
const store = kind === 'sqlite' ? openSqlite(where) : await openPostgres(where, { schema });
const target: Twin = twin === 'strict' ? 'strict' : 'plain';
process.stdout.write('go\n');
const { steps } = await migrateTo(store, twins[target], { apply: 'destructive', back: true });
process.stdout.write(`${steps.length}\n`);
await store.close();
