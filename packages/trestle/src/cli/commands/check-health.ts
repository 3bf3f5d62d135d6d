import { type Command, Option } from 'commander';
import { StartError } from '../../start-error.ts';
import { port as portOption } from '../data-options.ts';

interface HealthOptions {
  readonly port: number;
  readonly host: string;
  readonly json?: true;
}

const TIMEOUT_MS = 4000;

/** `trestle health`: asks a running server whether it can read and write, as a container's health check does. */
export function define(command: Command): void {
  command
    .addOption(
      new Option('--port <number>', 'where the server listens')
        .env('PORT')
        .default(4000)
        .argParser(portOption),
    )
    .addOption(new Option('--host <address>', 'where the server listens').env('HOST').default('127.0.0.1'))
    .option('--json', "print the server's answer as JSON")
    .addHelpText('after', '\nExit codes: 0 where the server is ready, 1 where it is not or does not answer.')
    .action(health);
}

async function health({ port, host, json }: HealthOptions): Promise<void> {
  const address = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}/readyz`;
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new StartError(`${url} does not answer: ${cause instanceof Error ? cause.message : cause}`);
  }
  const text = (await response.text()).trim();
  if (!response.ok) throw new StartError(`${url} answered ${response.status}: ${text}`);
  process.stdout.write(json ? `${text}\n` : 'ready\n');
}
