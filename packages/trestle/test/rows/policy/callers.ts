import type { Engine } from '../../../src/engine.ts';
import type { Context } from '../../../src/schema/caller.ts';
import { anonymous } from '../../../src/schema/caller.ts';

/** Who tries a rule: every kind of caller there is. */
export const KINDS = [
  'anonymous',
  'other',
  'owner',
  'key of the owner',
  'key of another',
  'ended session',
  'disabled',
  'administrator',
] as const;
export type Kind = (typeof KINDS)[number];

/** Credentials of each kind, as Bearer tokens. Kinds that an app cannot have are left out. */
export type Tokens = Partial<Record<Kind, string>>;

const ORIGIN = { address: '127.0.0.1' };
const ADMINISTRATOR: Context = { caller: { kind: 'administrator' } };
const PASSWORD = 'Passw0rd!of-the-test';

/** Makes accounts, sessions and keys of every kind that the app's declaration allows. */
export async function callersOf(engine: Engine, administrator: string): Promise<Tokens> {
  const tokens: Tokens = { administrator };
  const password = engine.app.accounts.password ? { password: PASSWORD } : {};
  const ids = new Map<string, string | number>();
  for (const username of ['owner1', 'other1', 'ended1', 'disabled1'])
    ids.set(
      username,
      (await engine.accounts.signUp({ ...ADMINISTRATOR, origin: ORIGIN }, { username, ...password })).id,
    );
  for (const [kind, username] of [
    ['key of the owner', 'owner1'],
    ['key of another', 'other1'],
  ] as const) {
    const made = await engine.keys.create(ADMINISTRATOR, { account: ids.get(username) ?? null, name: kind });
    tokens[kind] = made.key;
  }
  if (!engine.app.accounts.password) return tokens;
  const signIn = async (username: string) =>
    (await engine.accounts.signIn({ caller: anonymous, origin: ORIGIN }, { username, password: PASSWORD }))
      .access;
  tokens.owner = await signIn('owner1');
  tokens.other = await signIn('other1');
  tokens['ended session'] = await signIn('ended1');
  tokens.disabled = await signIn('disabled1');
  await engine.accounts.disable(ADMINISTRATOR, ids.get('disabled1') ?? 0);
  const caller = await engine.authenticate.bearer(tokens['ended session'], 'write', ORIGIN);
  await engine.accounts.endAllSessions({ caller });
  return tokens;
}
