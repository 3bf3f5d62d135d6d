import { type TObject, Type } from 'typebox';
import type { PeopleService } from '../../../../accounts/people/people.ts';
import { answer, type Route, route } from '../../../../schema/routes/route.ts';
import { anyone, signedIn } from '../../../../schema/rules.ts';
import { titled } from '../route-names.ts';
import { type AccountsOf, bodiesOf } from './account-routes.ts';

/**
 * Routes of links in mails, which verify addresses and change them, reset passwords and invite. The service checks the bodies.
 *
 * @param signUp the route of a sign-up: an invitation asks for the same.
 */
export function peopleRoutes(app: AccountsOf, people: PeopleService, signUp: Route): Route[] {
  const bodies = bodiesOf(app);
  const tag = 'accounts';
  const accepted = { tag, checkBody: false, answers: { 202: null } };
  const done = { tag, checkBody: false, answers: { 204: null }, raises: ['invalid_token'] as const };
  const { [app.accounts.email ?? '']: _, ...own } = (signUp.options.body as TObject).properties;
  const token = Type.String({ maxLength: 100 });
  const acceptance = Type.Object({ token, ...Type.Partial(Type.Object(own)).properties });
  const sendVerification = {
    ...accepted,
    operationId: 'sendVerification',
    summary: 'Send a link that verifies your e-mail address',
    can: signedIn,
  };
  const verify = {
    ...done,
    operationId: 'verifyEmail',
    summary: 'Verify an e-mail address, or take a new one, by the token of a link',
    body: titled('Link', bodies.link.schema),
    raises: ['invalid_token', 'conflict'] as const,
  };
  const changeEmail = {
    ...accepted,
    operationId: 'changeEmail',
    summary: 'Send a link to a new e-mail address, which becomes yours by it',
    can: signedIn,
    body: titled('EmailChange', bodies.emailChange.schema),
    raises: ['wrong_password'] as const,
  };
  const invite = {
    ...accepted,
    operationId: 'inviteAccount',
    summary: 'Send somebody a link to sign up with these roles, or to take them',
    can: app.accounts.can.grant,
    body: titled('Invitation', bodies.invitation.schema),
  };
  const accept = {
    tag,
    checkBody: false,
    operationId: 'acceptInvitation',
    summary: 'Sign up by the token of an invitation; signed in, take its roles',
    description:
      'Who signs up gives what a sign-up asks for, but the e-mail address: it is that of the invitation.',
    can: anyone,
    body: titled('InvitationAcceptance', acceptance),
    raises: ['invalid_token', 'conflict'] as const,
    answers: { 201: signUp.options.answers[201] ?? null },
  };
  const routes = [
    route('POST', '/me::send-verification', sendVerification, async (request) => {
      await people.sendVerification(request);
      return answer(202);
    }),
    route('POST', '/accounts::verify-email', verify, async (request) => {
      await people.verify(request, request.body);
      return answer(204);
    }),
    route('POST', '/me::change-email', changeEmail, async (request) => {
      await people.changeEmail(request, request.body);
      return answer(202);
    }),
    route('POST', '/accounts::invite', invite, async (request) => {
      await people.invite(request, request.body);
      return answer(202);
    }),
    route('POST', '/accounts::accept-invitation', accept, async (request) =>
      answer(201, await people.accept(request, request.body)),
    ),
  ];
  if (app.accounts.password === false) return routes;
  const forgot = {
    ...accepted,
    operationId: 'forgotPassword',
    summary: 'Send a link that resets a password; the same answer where nobody has the address',
    body: titled('EmailAddress', bodies.address.schema),
  };
  const reset = {
    ...done,
    operationId: 'resetPasswordByLink',
    summary: 'Choose a new password by the token of a link; ends all sessions',
    body: titled('PasswordByLink', bodies.newPasswordByLink.schema),
  };
  return [
    ...routes,
    route('POST', '/accounts::forgot-password', forgot, async (request) => {
      await people.forgotPassword(request, request.body);
      return answer(202);
    }),
    route('POST', '/accounts::reset-password', reset, async (request) => {
      await people.resetPassword(request, request.body);
      return answer(204);
    }),
  ];
}
