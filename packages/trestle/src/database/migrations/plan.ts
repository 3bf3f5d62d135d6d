import type { Dialect } from '../dialect.ts';
import type { Table } from '../table.ts';
import { type Change, changesBetween } from './change.ts';
import { type Check, checksOf, scansOf } from './checks.ts';
import { line, type Risk, riskOf } from './describe.ts';
import type { Renames } from './renames.ts';
import type { ValueScan } from './values.ts';

/** All that the SQL of a migration follows from. */
export interface Migration {
  readonly dialect: Dialect;
  readonly from: readonly Table[];
  readonly to: readonly Table[];
  readonly changes: readonly Change[];
  /** RFC 3339: what rows get for an instant that is older than its column. */
  readonly now: string;
}

interface Step {
  readonly risk: Risk;
  /** For people: `+ add notes.state (text, not null, default "new")`. The same on both databases. */
  readonly line: string;
}

/** The steps from one state of a database to another. */
export interface Plan {
  readonly steps: readonly Step[];
  /** Conditions on the rows before the steps. */
  readonly checks: readonly Check[];
  /** Columns whose values are looked at, and converted before the statements run. */
  readonly scans: readonly ValueScan[];
  /** Tables whose rows or names change, by the names they have before and after. */
  readonly changed: ReadonlySet<string>;
  /** All of it in order, to be run in one transaction. */
  readonly sql: readonly string[];
}

/** Changes that leave rows as they are. */
const KEEPS_ROWS = new Set<Change['kind']>([
  'createTable',
  'addColumn',
  'createIndex',
  'dropIndex',
  'renameIndex',
  'addExclusion',
  'dropExclusion',
]);

interface PlanOptions {
  readonly dialect: Dialect;
  readonly renames?: Renames;
  /** RFC 3339. */
  readonly now: string;
}

/** The plan from the tables a database has to the declared ones. Runs nothing. */
export function plan(from: readonly Table[], to: readonly Table[], options: PlanOptions): Plan {
  const { dialect, renames = new Map(), now } = options;
  const changes = changesBetween(from, to, renames);
  const migration = { dialect, from, to, changes, now };
  return {
    steps: changes.map((change) => ({ risk: riskOf(change), line: line(change) })),
    checks: checksOf(dialect, changes, from),
    scans: scansOf(dialect, changes, from),
    changed: new Set(
      changes.flatMap((change) =>
        KEEPS_ROWS.has(change.kind)
          ? []
          : [change.table, ...(change.kind === 'renameTable' ? [change.was] : [])],
      ),
    ),
    sql: dialect.migrationSql(migration),
  };
}
