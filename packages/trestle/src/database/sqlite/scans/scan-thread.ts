/** A thread that runs long reads of one database file, one after another, each until its deadline. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { FifoMap } from '../../../fifo-map.ts';
import { messageOf } from '../../../problems.ts';
import { TURN_SIZE } from '../../../turns.ts';
import { defineDecimalSum } from '../decimals.ts';
import { isSqliteError } from '../errors.ts';
import { checked, Deadline } from './deadline.ts';
import type { Scan, ScanAnswer } from './scan-threads.ts';

const database = new DatabaseSync(String(workerData), { readOnly: true, timeout: 5000 });
// In KiB: with SQLite's 2 MB, 100,000 rows are read from the file anew each time, an eighth slower.
database.exec('pragma cache_size = -8192');
defineDecimalSum(database);
const deadline = new Deadline(database);
const prepared = new FifoMap<string, ReturnType<DatabaseSync['prepare']>>(50);
/** The columns and rows that are still to be sent: a part for each message that asks for one, so that the other side is never held up. */
let left: Omit<Extract<ScanAnswer, { more: boolean }>, 'more'> | undefined;

function nextPart(): ScanAnswer {
  const { columns = [], rows: all = [], took = 0 } = left ?? {};
  const part = all.slice(0, TURN_SIZE);
  left = all.length > TURN_SIZE ? { columns, rows: all.slice(TURN_SIZE), took } : undefined;
  return { columns, rows: part, more: left !== undefined, took };
}

parentPort?.on('message', (message: Scan | 'more') => {
  if (message === 'more') return void parentPort?.postMessage(nextPart());
  const { sql, values } = message;
  deadline.begin(message.deadline);
  let answer: ScanAnswer;
  try {
    let statement = prepared.get(sql);
    if (!statement) {
      statement = database.prepare(checked(sql));
      statement.setReturnArrays(true);
    }
    // The last one used is the last to make room.
    prepared.set(sql, statement);
    // Arrays, as `setReturnArrays` says.
    const from = performance.now();
    const found = statement.all(...values) as unknown as readonly unknown[][];
    const took = (performance.now() - from) * 1000;
    left = { columns: statement.columns().map(({ name }) => name), rows: found, took };
    answer = nextPart();
  } catch (error) {
    const message = messageOf(error);
    answer = { message, isLate: deadline.isOver, ...(isSqliteError(error) && { errcode: error.errcode }) };
  }
  parentPort?.postMessage(answer);
});
