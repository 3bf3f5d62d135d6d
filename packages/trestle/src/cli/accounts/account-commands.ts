import { type Command, Option } from 'commander';
import { OPERATOR_ROLES } from '../../schema/accounts.ts';
import type { Account, RequestContext } from '../../schema/services/account-service.ts';
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

interface CreateOptions extends AppOptions {
  role?: string;
  roles?: string[];
  field: Record<string, string>;
}

/** `trestle accounts ...` */
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
      change(name, options, { verb: 'disable', now: 'is disabled' }, (within, { accounts }, { id }) =>
        accounts.disable(within, id),
      ),
  );
  addTo('enable', 'Take its password and keys again.').action((name: string, options: AppOptions) =>
    change(name, options, { verb: 'enable', now: 'is enabled' }, (within, { accounts }, { id }) =>
      accounts.enable(within, id),
    ),
  );
  addTo(
    'set-password',
    'Give it a new password, read from the terminal or standard input; ends its sessions.',
  ).action(async (name: string, options: AppOptions) => {
    const password = await readSecret('New password');
    const act = { verb: 'set-password', now: 'has a new password', fields: ['password'] };
    await change(name, options, act, async (within, { accounts }, account) => {
      await accounts.resetPassword(within, account.id, password);
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
      await change(name, options, { verb: 'delete', now: 'is deleted' }, async (within, opened, account) => {
        await opened.accounts.remove(within, account.id);
        return account;
      });
    });
}

async function create(username: string, { role, roles, field, ...options }: CreateOptions): Promise<void> {
  if (role && roles) throw new StartError('either --role or --roles');
  await onApp({ ...options, make: true }, async ({ declared, accounts, operators, audited }) => {
    const own: Record<string, unknown> = {};
    for (const [name, text] of Object.entries(field)) {
      const type = declared.accounts.fields[name]?.type;
      own[name] = type ? type.fromText(text, (json) => JSON.parse(json)) : text;
    }
    const hasPassword = declared.accounts.password !== false || role !== undefined;
    const password = hasPassword ? await readSecret('Password') : undefined;
    const body = { ...own, username, ...(password !== undefined && { password }) };
    const fields = [...Object.keys(body), ...(role || roles ? ['roles'] : [])];
    const act = { command: 'trestle accounts create', resource: 'accounts', fields };
    const account = await audited(act, async (within, changed) => {
      const made = role ? await operators.create(within, body, role) : await accounts.signUp(within, body);
      changed(made.id);
      return roles ? accounts.setRoles(within, made.id, roles) : made;
    });
    print(options.json, account, `${account.username} (${account.id}) is made${role ? `, ${role}` : ''}`);
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
  const act = { verb: 'roles', now: `has ${roles.join(', ') || 'no roles'}`, fields: ['roles'] };
  await change(name, options, act, (within, { accounts }, { id }) => accounts.setRoles(within, id, roles));
}

/** Changes an account and says what it is now. */
async function change(
  name: string,
  options: AppOptions,
  { verb, now, fields = [] }: { verb: string; now: string; fields?: readonly string[] },
  write: (within: RequestContext, opened: OpenedApp, account: Account) => Promise<Account>,
): Promise<void> {
  await onApp(options, async (opened) => {
    const found = await accountNamed(opened, name);
    const act = { command: `trestle accounts ${verb}`, resource: 'accounts', row: found.id, fields };
    const account = await opened.audited(act, (within) => write(within, opened, found));
    print(options.json, account, `${account.username} (${account.id}) ${now}`);
  });
}
