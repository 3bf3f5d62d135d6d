import { type Command, Option } from 'commander';
import { OPERATOR_ROLES } from '../../schema/accounts.ts';
import type { Account } from '../../schema/services/account-service.ts';
import { StartError } from '../../start-error.ts';
import { listed, printTable } from '../data-options.ts';
import { readSecret } from './read-secret.ts';
import { type AppOptions, accountNamed, allOf, OPERATOR, onApp, print, withApp } from './with-app.ts';

interface CreateOptions extends AppOptions {
  role?: string;
  roles?: string[];
  field: Record<string, string>;
}

/** `trestle accounts …` */
export function define(command: Command): void {
  const add = (name: string, summary: string) => withApp(command.command(name).description(summary));
  const addTo = (name: string, summary: string) =>
    add(name, summary).argument('<account>', 'the account, by user name or id');
  add('create', 'Make an account; its password is read from the terminal or standard input.')
    .argument('<username>', 'its user name')
    .addOption(
      new Option('--role <role>', 'make it an operator, who signs in at /admin').choices(OPERATOR_ROLES),
    )
    .option('--roles <list>', 'its roles, comma-separated', listed)
    .option(
      '--field <name=value>',
      'one of its own fields; may be repeated',
      (text: string, before: Record<string, string>) => {
        const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
        if (name === undefined || value === undefined)
          throw new StartError(`--field ${text}: expected name=value`);
        return { ...before, [name]: value };
      },
      {},
    )
    .action(create);
  add('list', 'List all accounts.').action(list);
  addTo('disable', 'End its sessions, and refuse its password and keys.').action(
    (name: string, options: AppOptions) =>
      change(name, options, 'is disabled', ({ accounts }, { id }) => accounts.disable(OPERATOR, id)),
  );
  addTo('enable', 'Take its password and keys again.').action((name: string, options: AppOptions) =>
    change(name, options, 'is enabled', ({ accounts }, { id }) => accounts.enable(OPERATOR, id)),
  );
  addTo(
    'set-password',
    'Give it a new password, read from the terminal or standard input; ends its sessions.',
  ).action(async (name: string, options: AppOptions) => {
    const password = await readSecret('New password');
    await change(name, options, 'has a new password', async ({ accounts }, account) => {
      await accounts.resetPassword(OPERATOR, account.id, password);
      return account;
    });
  });
  addTo('roles', 'Give it these roles and no others; without any, show those it has.')
    .argument('[roles...]', 'roles that the app declares, administrator or viewer')
    .option('--none', 'take all of its roles')
    .action(setRoles);
  addTo('delete', 'Delete it with its sessions and keys; rows lose their author.')
    .option('--yes', 'it is really to be deleted')
    .action(async (name: string, options: AppOptions & { yes?: boolean }) => {
      if (!options.yes)
        throw new StartError(`this deletes the account '${name}' for good; say so with --yes`);
      await change(name, options, 'is deleted', async ({ accounts }, account) => {
        await accounts.remove(OPERATOR, account.id);
        return account;
      });
    });
}

async function create(username: string, { role, roles, field, ...options }: CreateOptions): Promise<void> {
  if (role && roles) throw new StartError('either --role or --roles');
  await onApp({ ...options, make: true }, async ({ declared, accounts, operators, transaction }) => {
    const own: Record<string, unknown> = {};
    for (const [name, text] of Object.entries(field)) {
      const type = declared.accounts.fields[name]?.type;
      own[name] = type ? type.fromText(text, (json) => JSON.parse(json)) : text;
    }
    const hasPassword = declared.accounts.password !== false || role !== undefined;
    const password = hasPassword ? await readSecret('Password') : undefined;
    const body = { ...own, username, ...(password !== undefined && { password }) };
    if (role) {
      const made = await operators.create(OPERATOR, body, role);
      return print(options.json, made, `${made.username} (${made.id}) is made, ${role}`);
    }
    // The password is hashed before the transaction begins to wait for nothing else.
    const account = await transaction(OPERATOR, async (within) => {
      const made = await accounts.signUp({ ...OPERATOR, ...within }, body);
      return roles ? accounts.setRoles({ ...OPERATOR, ...within }, made.id, roles) : made;
    });
    print(options.json, account, `${account.username} (${account.id}) is made`);
  });
}

async function list(options: AppOptions): Promise<void> {
  await onApp(options, async ({ accounts }) => {
    const all = await allOf((limit, cursor) => accounts.list(OPERATOR, { limit }, cursor));
    if (options.json) return print(true, all, '');
    printTable([
      ['id', 'username', 'roles', 'made', 'disabled'],
      ...all.map(({ id, username, roles = [], created_at, disabled_at }) => [
        String(id),
        username,
        roles.join(','),
        created_at,
        disabled_at ?? '',
      ]),
    ]);
  });
}

async function setRoles(
  name: string,
  roles: string[],
  options: AppOptions & { none?: boolean },
): Promise<void> {
  if (roles.length === 0 && !options.none)
    return onApp(options, async (opened) => {
      const { roles: has = [] } = await accountNamed(opened, name);
      print(options.json, has, has.join('\n') || 'none');
    });
  if (roles.length > 0 && options.none) throw new StartError('either roles or --none');
  await change(name, options, `has ${roles.join(', ') || 'no roles'}`, ({ accounts }, { id }) =>
    accounts.setRoles(OPERATOR, id, roles),
  );
}

/** Changes an account and says what it is now. */
async function change(
  name: string,
  options: AppOptions,
  now: string,
  write: (opened: Parameters<Parameters<typeof onApp>[1]>[0], account: Account) => Promise<Account>,
): Promise<void> {
  await onApp(options, async (opened) => {
    const account = await write(opened, await accountNamed(opened, name));
    print(options.json, account, `${account.username} (${account.id}) ${now}`);
  });
}
