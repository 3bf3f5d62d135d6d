import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));

export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Its exit code, once it has ended of its own accord. */
  readonly ended: Promise<number | null>;
  /** Ends it as a power cut would the process: no handler runs. */
  kill(): Promise<void>;
  /** Asks it to stop, and waits until it has. */
  stop(): Promise<number | null>;
}

/**
 * Starts `trestle serve` as a process of its own on a free port, and waits until it listens.
 *
 * @param under a command to run it under, with its arguments (default: none).
 */
export async function startProcess(
  app: string,
  options: readonly string[],
  under: readonly string[] = [],
): Promise<ServerProcess> {
  const serve = [MAIN, 'serve', `apps/${app}`, '--port', '0', '--readiness-delay', '0', ...options];
  const [command = '', ...args] = [...under, process.execPath, ...serve];
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  const ended = exited.then(() => child.exitCode);
  return {
    url: await listening(child),
    child,
    ended,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** The first address that the process prints. */
async function listening(child: ChildProcess): Promise<string> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) => {
    said += text;
  });
  for await (const text of child.stdout ?? []) {
    said += text;
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    if (url) {
      child.stdout?.resume();
      return url;
    }
  }
  throw new Error(`the server did not start: ${said}`);
}
