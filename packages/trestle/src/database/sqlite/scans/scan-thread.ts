/** A thread that runs long reads of one database file, one after another, each until its deadline. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { FifoMap } from '../../../fifo-map.ts';
import { messageOf } from '../../../problems.ts';
import { TURN_SIZE } from '../../../turns.ts';
import { EACH_ROW } from '../../store.ts';
import { defineDecimalSum } from '../decimals.ts';
import { isSqliteError } from '../errors.ts';
import type { Scan, ScanAnswer } from './scan-threads.ts';

/** Rows between two looks at the clock. */
const CHECK_INTERVAL = 1000;

const database = new DatabaseSync(String(workerData), { readOnly: true, timeout: 5000 });
defineDecimalSum(database);
const prepared = new FifoMap<string, ReturnType<DatabaseSync['prepare']>>(50);
let deadline = 0;
let isLate = false;
let rows = 0;

// Nothing else ends a statement of SQLite before its time from JavaScript: an error of a function that each row calls does.
database.function('trestle_tick', () => {
  rows += 1;
  if (rows % CHECK_INTERVAL === 0 && Date.now() > deadline) {
    isLate = true;
    throw new Error('the deadline of this read is over');
  }
  return 1;
});

/** The columns and rows that are still to be sent: a part for each message that asks for one, so that the other side is never held up. */
let left: { readonly columns: readonly string[]; readonly rows: readonly unknown[][] } | undefined;

function nextPart(): ScanAnswer {
  const { columns = [], rows: all = [] } = left ?? {};
  const part = all.slice(0, TURN_SIZE);
  left = all.length > TURN_SIZE ? { columns, rows: all.slice(TURN_SIZE) } : undefined;
  return { columns, rows: part, more: left !== undefined };
}

parentPort?.on('message', (message: Scan | 'more') => {
  if (message === 'more') return void parentPort?.postMessage(nextPart());
  const { sql, values, ...scan } = message;
  deadline = scan.deadline;
  isLate = false;
  let answer: ScanAnswer;
  try {
    let statement = prepared.get(sql);
    if (!statement) {
      statement = database.prepare(sql.replace(EACH_ROW, 'trestle_tick() and'));
      statement.setReturnArrays(true);
    }
    // The last one used is the last to make room.
    prepared.set(sql, statement);
    // Arrays, as `setReturnArrays` says.
    const found = statement.all(...values) as unknown as readonly unknown[][];
    left = { columns: statement.columns().map(({ name }) => name), rows: found };
    answer = nextPart();
  } catch (error) {
    const message = messageOf(error);
    answer = { message, isLate, ...(isSqliteError(error) && { errcode: error.errcode }) };
  }
  parentPort?.postMessage(answer);
});
