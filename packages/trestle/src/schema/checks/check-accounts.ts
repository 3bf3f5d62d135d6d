import type { Accounts } from '../accounts.ts';
import { seconds } from '../duration.ts';
import type { Field } from '../field.ts';
import { didYouMean } from './nearest.ts';

/** Columns and members of bodies that are the engine's own. */
const RESERVED = [
  'username',
  'username_key',
  'password',
  'password_hash',
  'roles',
  'created_at',
  'disabled_at',
  'current',
  'next',
];

/** Checks what is of accounts alone: their own fields, the ways to sign in, lifetimes. */
export function checkAccounts(
  path: string,
  accounts: Accounts,
  wrong: (path: string, remedy: string) => never,
): void {
  const { fields, signInBy, tokens, session, keys, audit } = accounts;
  for (const [name, { type }] of Object.entries(fields)) {
    if (RESERVED.includes(name))
      wrong(`${path}.${name}`, `'${name}' is taken by the engine; choose another name`);
    if (type.transitions || type.state || type.countsReads)
      wrong(`${path}.${name}`, `${type.name}() is for resources; accounts have no such field`);
    if (type.reference?.onDelete === 'cascade')
      wrong(`${path}.${name}`, `no account is deleted with another row: onDelete: 'restrict' or 'setNull'`);
  }
  if (accounts.email !== undefined && !isAddress(fields[accounts.email]))
    wrong(`${path}.email`, `${accounts.email} is no own field email({ unique: true })`);
  for (const name of signInBy) {
    const field = fields[name];
    const names = Object.keys(fields);
    if (!field) wrong(`${path}.signInBy`, `there is no own field '${name}'${didYouMean(name, names)}`);
    else if (!field.unique || field.type.column !== 'text')
      wrong(`${path}.signInBy`, `${name} is no text of one account alone: declare email({ unique: true })`);
  }
  seconds(tokens.access, `${path}.tokens.access`);
  if (tokens.refresh !== false) seconds(tokens.refresh, `${path}.tokens.refresh`);
  seconds(session, `${path}.session`);
  seconds(audit, `${path}.audit`);
  for (const key of ['lifetime', 'longest'] as const)
    if (keys[key] !== 'never') seconds(keys[key], `${path}.keys.${key}`);
}

function isAddress(field: Field | undefined): boolean {
  return field?.type.name === 'email' && field.unique;
}
