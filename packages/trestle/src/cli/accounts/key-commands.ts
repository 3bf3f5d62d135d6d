import { type Command, InvalidArgumentError } from 'commander';
import { seconds } from '../../schema/duration.ts';
import type { KeyOptions } from '../../schema/services/account-service.ts';
import { StartError } from '../../start-error.ts';
import { listed, printTable } from '../data-options.ts';
import { readSecret } from './read-secret.ts';
import {
  type AppOptions,
  accountNamed,
  allOf,
  OPERATOR,
  type OpenedApp,
  onApp,
  print,
  withApp,
} from './with-app.ts';

interface KeyWords {
  account?: string;
  name?: string;
  lifetime?: number | 'never';
  scopes?: string[];
}

type NewKeyOptions = AppOptions & KeyWords;

/** `trestle keys ...` */
export function define(command: Command): void {
  const add = (usage: string, summary: string) => withApp(command.command(usage).description(summary));
  const withKey = (one: Command) =>
    one
      .option(
        '--account <account>',
        'whose key it is, by user name or id (default: a service key, of no account)',
      )
      .option('--name <text>', 'what it is for')
      .option('--lifetime <duration>', "such as 90d, or never (default: the app's keys.lifetime)", lifetime)
      .option('--scopes <list>', 'RESOURCE:ACTION, comma-separated (default: all its owner may)', listed);
  withKey(add('create', 'Make a key. It is printed this once, and kept as a hash.')).action(
    async (options: NewKeyOptions) =>
      onApp({ ...options, make: true }, async (opened) => {
        const wanted = await keyOptions(opened, options);
        const act = { command: 'trestle keys create', resource: 'keys', fields: Object.keys(wanted) };
        const made = await opened.audited(act, async (within, changed) => {
          const key = await opened.keys.create(within, wanted);
          changed(key.id);
          return key;
        });
        print(options.json, made, made.key);
      }),
  );
  withKey(
    add(
      'import',
      'Take a key that another system made, read from the terminal or standard input; kept as a hash.',
    ),
  ).action(async (options: NewKeyOptions) => {
    const key = await readSecret('Key');
    await onApp({ ...options, make: true }, async (opened) => {
      const wanted = await keyOptions(opened, options);
      const act = { command: 'trestle keys import', resource: 'keys', fields: Object.keys(wanted) };
      const made = await opened.audited(act, async (within, changed) => {
        const imported = await opened.keys.import(within, { ...wanted, key });
        changed(imported.id);
        return imported;
      });
      print(options.json, made, `${made.id} is imported`);
    });
  });
  add('list', 'List all keys, newest first. Whole keys are never shown.').action(
    async (options: AppOptions) =>
      onApp(options, async ({ keys }) => {
        const all = await allOf((limit, cursor) => keys.list(OPERATOR, { limit }, cursor));
        if (options.json) return print(true, all, '');
        printTable([
          ['id', 'name', 'account', 'active', 'expires', 'last used', 'uses'],
          ...all.map(({ id, name, account, active, expires_at, last_used_at, uses }) => [
            id,
            name,
            account === null ? '' : String(account),
            active ? 'yes' : 'no',
            expires_at ?? 'never',
            last_used_at ?? '',
            String(uses),
          ]),
        ]);
      }),
  );
  add('deactivate', 'Refuse a key from now on.')
    .argument('<id>', 'its id, or the key as it is shown masked')
    .action(async (given: string, options: AppOptions) =>
      onApp(options, async ({ keys, declared, audited }) => {
        const id = keys.idOf(`trs_live_${given}`) ?? keys.idOf(given) ?? given;
        const act = { command: 'trestle keys deactivate', resource: 'keys', row: id };
        const key = await audited(act, (within) => keys.deactivate(within, id)).catch(() => {
          throw new StartError(`${declared.name} has no key '${id}'`);
        });
        print(options.json, key, `${key.id} is deactivated`);
      }),
    );
}

async function keyOptions(
  opened: OpenedApp,
  { account, name, lifetime: lasts, scopes }: KeyWords,
): Promise<KeyOptions & { account: string | number | null }> {
  return {
    account: account === undefined ? null : (await accountNamed(opened, account)).id,
    ...(name !== undefined && { name }),
    ...(lasts !== undefined && { lifetime: lasts }),
    ...(scopes !== undefined && { scopes }),
  };
}

function lifetime(text: string): number | 'never' {
  if (text === 'never') return text;
  try {
    return seconds(text as Parameters<typeof seconds>[0], '--lifetime');
  } catch {
    throw new InvalidArgumentError('Expected a duration such as 90d, or never.');
  }
}
