import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** npm's codes of a registry that does not answer. */
const UNREACHABLE = /\b(?:EAI_AGAIN|ENOTFOUND|ENETUNREACH|ECONN\w+|E?TIMEDOUT|ERR_SOCKET\w*|E5\d\d)\b/;

/**
 * Installs the packages of a folder that has a lock file of its own, which the workspace's installation leaves out: tools of
 * one test, of which the others and every user need nothing. Once for each lock file: git ignores what is installed.
 *
 * @returns why they cannot be had: the registry cannot be reached.
 */
export async function installPackages(folder: string): Promise<string | undefined> {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const installed = join(folder, 'node_modules/.installed');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return undefined;
  const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--fetch-retries=0'];
  try {
    await promisify(execFile)('npm', ['ci', '--prefix', folder, ...options]);
  } catch (error) {
    const { stderr } = Object(error);
    if (UNREACHABLE.test(stderr)) return `the npm registry cannot be reached for the packages of ${folder}`;
    throw error;
  }
  writeFileSync(installed, lock);
  return undefined;
}
