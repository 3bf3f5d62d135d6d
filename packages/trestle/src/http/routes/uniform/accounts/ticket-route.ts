import { Type } from 'typebox';
import type { Tickets } from '../../../../accounts/tokens/tickets.ts';
import { answer, type Route, route } from '../../../../schema/routes/route.ts';
import { signedIn } from '../../../../schema/rules.ts';
import { titled } from '../route-names.ts';
import { type AccountsOf, bodiesOf } from './account-routes.ts';

const made = titled(
  'Ticket',
  Type.Object({
    ticket: Type.String({ description: 'To be sent once, as the query parameter `ticket`.' }),
    path: Type.String(),
    expires_at: Type.String({ format: 'date-time' }),
  }),
);

/** `POST /v1/tickets`, for clients that can set no header where they open a stream or a download. */
export function ticketRoute(app: AccountsOf, tickets: Tickets): Route {
  const options = {
    operationId: 'createTicket',
    summary: 'Make a ticket for one GET of a stream or a download, within 30 s',
    description: 'It acts for whoever makes it, while their session lasts or their key is active.',
    tag: 'tickets',
    can: signedIn,
    body: titled('NewTicket', bodiesOf(app).ticket.schema),
    checkBody: false,
    readOnly: true,
    answers: { 201: made },
  };
  return route('POST', '/tickets', options, async (request) => {
    // The service checks the body.
    const wanted = request.body as { path: string };
    const ticket = await tickets.create(request, wanted);
    return answer(201, ticket, { 'cache-control': 'no-store' });
  });
}
