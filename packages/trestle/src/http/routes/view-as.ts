import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../problems.ts';
import { isAdministrator } from '../../rows/rules/caller-class.ts';
import { type Caller, system } from '../../schema/caller.ts';
import type { AccountService } from '../../schema/services/account-service.ts';
import type { AuditedRoute } from './audited-requests.ts';

/** The header by which an administrator reads as another account would: `accounts/ID`. */
export const VIEW_AS = 'trestle-view-as';

interface Viewing {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly accounts: AccountService;
  readonly audited: AuditedRoute;
}

/**
 * The account that an administrator looks through, as a caller. It reads alone, the answer is marked, and the audit has it. A stream
 * ends with the administrator's own session. Throws `forbidden` for others, for API keys and for what changes something, and `not_found`.
 */
export async function viewedAs(
  own: Caller | Promise<Caller>,
  { request, reply, accounts, audited }: Viewing,
): Promise<Caller> {
  const operator = await own;
  const { method, headers, routeOptions } = request;
  request.caller = operator;
  if (!isAdministrator(operator) || operator.kind === 'key')
    throw new Problem('forbidden', { detail: 'Trestle-View-As is for administrators.' });
  const { changes, safe } = routeOptions.config.route?.options ?? {};
  if (changes || !(safe || method === 'GET' || method === 'HEAD'))
    throw new Problem('forbidden', {
      detail: 'Trestle-View-As only reads: it goes with GET, HEAD and searches.',
    });
  const [, given = ''] = /^accounts\/([\w-]{1,36})$/.exec(String(headers[VIEW_AS])) ?? [];
  if (given === '')
    throw new Problem('malformed', { detail: 'Trestle-View-As names an account: accounts/ID.' });
  const id = /^[1-9]\d{0,15}$/.test(given) ? Number(given) : given;
  const { roles = [] } = await accounts.read(system(), id);
  await audited.viewedAs(request, operator, given);
  request.viewedBy = operator;
  reply.header('trestle-viewed-as', `accounts/${given}`);
  const hasRoles = roles.length > 0 && { roles };
  return { kind: 'account', account: id, session: '', ...hasRoles, viewedBy: operator };
}
