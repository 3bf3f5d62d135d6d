import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { isSea } from 'node:sea';
import { promisify } from 'node:util';

const MAX_MS = 3_600_000;

/**
 * Runs a command of `trestle` in a process of its own. What it says is no secret.
 *
 * @param database the URL of PostgreSQL that this process was given; in the environment, where no other user sees it.
 */
export async function runTrestle(
  words: readonly string[],
  database?: string,
): Promise<{ readonly ok: boolean; readonly output: string }> {
  const main = isSea() ? [] : [...process.execArgv, join(import.meta.dirname, '../../../bin/trestle.js')];
  const env = { ...process.env, ...(database !== undefined && { DATABASE_URL: database }) };
  try {
    const options = { timeout: MAX_MS, env };
    const { stdout } = await promisify(execFile)(process.execPath, [...main, ...words], options);
    return { ok: true, output: stdout.trim() };
  } catch (error) {
    const { stderr, stdout, message } = error as { stderr?: string; stdout?: string; message?: string };
    return { ok: false, output: stderr?.trim() || stdout?.trim() || String(message) };
  }
}
