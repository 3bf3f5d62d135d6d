import type { Context } from 'trestle/contract';
import type { Served } from 'trestle/testing';
import { member } from '../contract-rows.ts';

/** Signs somebody up, and gives the context of verbs that this account calls. */
export async function signUp(served: Pick<Served, 'call'>, username: string): Promise<Context> {
  const body = { username, password: 'a long enough password' };
  const account = String(member(await served.call('POST', '/v1/accounts', { body }), 'id'));
  return { caller: { kind: 'account', account, session: 's' } };
}
