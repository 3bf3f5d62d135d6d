import {
  accounts,
  app,
  email,
  integer,
  ownAccount,
  type RowOf,
  reference,
  resource,
  signedIn,
  text,
} from 'trestle';
import { type Account, type ContractContext, system } from 'trestle/contract';
import { type Client, createClient, unwrap } from '../../../client/src/index.ts';
import { neverAny, sameType } from './same-type.ts';

const members = accounts({
  fields: { email: email({ unique: true }), age: integer({ nullable: true }), bio: text({ default: '' }) },
  signInBy: ['email'],
});
const notes = resource({
  fields: { about: reference('accounts', { nullable: true }) },
  can: { read: signedIn },
});
const club = app({ name: 'club', accounts: members, resources: { notes } });

type Fields = (typeof members)['fields'];
type Member = Account<Fields>;

neverAny<Member>(false);
sameType<Member['age'], number | null>(true);
sameType<RowOf<typeof notes>['about'], string | number | null>(true);
sameType<keyof Account, 'id' | 'username' | 'created_at' | 'roles' | 'disabled_at'>(true);

/** Code of an app's contract, with the types it relies on. Never run. */
export async function contractCode({
  accounts: service,
}: ContractContext<{ notes: typeof notes }, Record<never, never>, Fields>) {
  const origin = { address: '' };
  const ann = await service.signUp({ ...system(), origin }, { username: 'ann', email: 'ann@example.org' });
  sameType<(typeof ann)['bio'], string>(true);
  await service.update(system(), ann.id, { username: 'anna', age: null });
  await service.list(system(), { filter: { age: { gte: 18 } }, sort: ['-age'] });
  // @ts-expect-error an e-mail is needed
  await service.signUp({ ...system(), origin }, { username: 'ann' });
  // @ts-expect-error there is no such field
  await service.update(system(), ann.id, { mail: 'x' });
  // @ts-expect-error an age is a number
  await service.update(system(), ann.id, { age: '7' });
}

/** Calls of a client. Never run. */
export async function clientCode() {
  neverAny<Client<typeof club>>(false);
  const client = createClient<typeof club>({ url: '' });
  await client.signUp({ username: 'ann', password: 'p', email: 'ann@example.org' });
  const me = unwrap(await client.me());
  sameType<(typeof me)['email'], string>(true);
  await client.updateMe({ bio: 'x', username: 'anna' });
  // @ts-expect-error an e-mail is needed
  await client.signUp({ username: 'ann', password: 'p' });
  // @ts-expect-error there is no such field
  await client.updateMe({ mail: 'x' });
}

// @ts-expect-error there is no such field
accounts({ fields: { email: email() }, signInBy: ['mail'] });
// @ts-expect-error who may list depends on the caller alone
accounts({ can: { list: 'signedIn' } });
// @ts-expect-error there is no such resource
app({ name: 'club', resources: { notes: resource({ fields: { about: reference('account') } }) } });
accounts({ fields: { phone: text({ can: { read: ownAccount, update: ownAccount } }) } });
