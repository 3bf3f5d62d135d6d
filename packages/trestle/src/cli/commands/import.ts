import { closeSync, openSync, readSync } from 'node:fs';
import { TextDecoder } from 'node:util';
import type { Command } from 'commander';
import { parseJsonText } from '../../http/requests/bodies.ts';
import { messageOf, Problem } from '../../problems.ts';
import { readEntries } from '../../rows/exchange/entries.ts';
import { importRows } from '../../rows/exchange/import-rows.ts';
import { historyRecorder } from '../../rows/history/row-history.ts';
import { openChangeLog } from '../../rows/live/change-log.ts';
import { StartError } from '../../start-error.ts';
import { formatOf, onResource, type ResourceOptions, withResource } from './with-resource.ts';

interface ImportOptions extends ResourceOptions {
  keep?: boolean;
  check?: boolean;
}

/** The exit code of an import whose file has rows that are not valid. */
const REFUSED = 2;
/** Bytes that are read at once. */
const PART = 256 * 1024;

/** `trestle import RESOURCE FILE` */
export function define(command: Command): void {
  command
    .argument('<resource>', 'the resource, as it is declared')
    .argument('<file>', 'NDJSON, or CSV with the names of fields in its first line')
    .option('--keep', 'take ids, authors, instants, counters and states from the file, as export wrote them')
    .option('--check', 'only say what would be refused');
  withResource(command).action(readRows);
}

async function readRows(name: string, file: string, options: ImportOptions): Promise<void> {
  const { keep = false, check: checkOnly = false } = options;
  const format = formatOf(options, file);
  const done = await onResource(name, { ...options, make: true }, (store, model, app) =>
    importRows(store, model, () => readEntries(model, format, textOf(file), parseJsonText), {
      keep,
      checkOnly,
      recorder: historyRecorder(app.resources, { store, accounts: app.accounts }),
      written: async (transaction) => openChangeLog(app, store)?.recordWhole(transaction, model),
    }).catch((error: unknown) => {
      if (error instanceof Problem)
        throw new StartError(`${file}: ${error.detail} Nothing was imported.`, { cause: error });
      throw error;
    }),
  );
  if (done.refusals > 0) {
    // One line for each thing that is wrong, as compilers have it: `messages.csv:7: /content: expected at most 160 characters`.
    const { refused, refusals } = done;
    for (const { line, errors } of refused)
      for (const { pointer, message } of errors)
        process.stderr.write(`${file}:${line}: ${pointer === '' ? '' : `${pointer}: `}${message}\n`);
    if (refusals > refused.length)
      process.stderr.write(`... and ${rowWords(refusals - refused.length)} more\n`);
    process.stderr.write(`trestle: ${rowWords(refusals)} not valid; nothing was imported\n`);
    process.exitCode = REFUSED;
  } else
    process.stdout.write(
      `${name}: ${rowWords(done.rows)} ${checkOnly ? 'valid; nothing was imported' : 'imported'}${
        done.ignored.length === 0
          ? ''
          : `; set by the server, not by the file (see --keep): ${done.ignored.join(', ')}`
      }\n`,
    );
}

/** A file's text in parts, read at once each: inside of a transaction nothing may be waited for. A byte order mark is left out. */
function* textOf(file: string): Generator<string> {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (error) {
    const why = messageOf(error);
    throw new StartError(`${file} cannot be read: ${why}`, { cause: error });
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const bytes = Buffer.allocUnsafe(PART);
  try {
    for (;;) {
      const length = readSync(handle, bytes, 0, PART, null);
      let text: string;
      try {
        text = decoder.decode(bytes.subarray(0, length), { stream: length > 0 });
      } catch (error) {
        throw new Problem('malformed', { detail: 'It is not UTF-8.', cause: error });
      }
      if (text !== '') yield text;
      if (length === 0) return;
    }
  } finally {
    closeSync(handle);
  }
}

function rowWords(rows: number): string {
  return `${rows} ${rows === 1 ? 'row' : 'rows'}`;
}
