import { createHash, randomBytes } from 'node:crypto';
import { signedIn } from 'trestle';
import { answer, bytes, type ContractContext, Problem, route, system } from 'trestle/contract';
import { Type } from 'typebox';
import type { remind } from './reminders.ts';
import type { members, resources } from './resources.ts';

type App = ContractContext<typeof resources, { remind: typeof remind }, (typeof members)['fields']>;
const WEEK_MS = 7 * 86_400_000;
const all = Number.MAX_SAFE_INTEGER;

const Month = Type.Object({ month: Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])$' }) });
const [Text, Count] = [Type.String(), Type.Integer()];
const counts = { appointments: Count, no_shows: Count, revenue: Text };
const Report = Type.Array(Type.Object({ practitioner: Text, name: Text, ...counts }));
const Invitation = Type.Object({ role: Type.Enum(['receptionist', 'practitioner']) });
const Code = Type.Object({ code: Text });

export function routes(app: App) {
  const { services, accounts, rules, transaction } = app;
  const report = { summary: 'The month of each practitioner', can: rules.reminders.read, query: Month };
  const csv = { summary: 'The same as CSV', produces: 'text/csv', answers: { 200: Text } };
  const invite = { summary: 'Invites to the staff', can: rules.invitations.create, body: Invitation };
  const accept = { summary: 'Takes the role of an invitation', can: signedIn, body: Code };
  return [
    route('GET', '/reports/month', { ...report, answers: { 200: Report } }, async ({ query }) =>
      answer(200, await monthOf(app, query.month)),
    ),
    route('GET', '/reports/month.csv', { ...report, ...csv }, async ({ query }) => {
      const rows = await monthOf(app, query.month);
      const content = Buffer.from(
        [Object.keys(Report.items.properties), ...rows.map(Object.values)].map(csvLine).join(''),
      );
      return bytes({ content, type: 'text/csv; charset=utf-8' });
    }),
    route('POST', '/invitations', { ...invite, answers: { 201: Code } }, async ({ body }) => {
      const code = randomBytes(24).toString('base64url');
      const expires_at = new Date(Date.now() + WEEK_MS).toISOString();
      await services.invitations.create(system(), { role: body.role, code_hash: hashOf(code), expires_at });
      return answer(201, { code });
    }),
    route('POST', '/invitations/accept', { ...accept, answers: { 204: null } }, async (request) => {
      const { caller, body } = request;
      if (caller.kind !== 'account') throw new Problem('forbidden', { detail: 'An API key takes no role.' });
      await transaction(request, async ({ transaction }) => {
        const own = system({ onBehalfOf: caller, transaction });
        const filter = { code_hash: { eq: hashOf(body.code) }, expires_at: { gt: new Date().toISOString() } };
        const [invitation] = (await services.invitations.list(own, { filter })).items;
        if (!invitation) throw new Problem('not_found');
        await services.invitations.remove(own, invitation.id);
        await accounts.setRoles(own, caller.account, [...(caller.roles ?? []), invitation.role]);
      });
      return answer(204);
    }),
  ];
}

/** The month (UTC) of each practitioner: appointments, no-shows among them, and the sum of invoices for theirs. */
async function monthOf({ services, accounts }: App, month: string) {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const span = { gte: `${month}-01T00:00:00.000Z`, lt: new Date(Date.UTC(year, number)).toISOString() };
  const { items } = await services.practitioners.list(system(), { limit: all });
  const names = await accounts.readMany(items.map(({ account }) => account));
  const rowOf = async (practitioner: string) => {
    const booked = { practitioner: { eq: practitioner }, starts_at: span };
    const query = { filter: booked, group: ['state'], limit: all } as const;
    const states = await services.appointments.aggregate(system(), query);
    const counted = new Map(states.items.map(({ group, count = 0 }) => [group?.state, count]));
    // Across references, where the type of a filter ends.
    const invoice = { issued_at: span, appointment: { practitioner: { eq: practitioner } } } as object;
    const lines = await services.lines.aggregate(system(), { filter: { invoice }, sum: ['amount'] });
    return {
      practitioner,
      name: names.get(practitioner)?.display_name ?? '',
      appointments: [...counted].reduce(
        (sum, [state, count]) => sum + (state === 'cancelled' ? 0 : count),
        0,
      ),
      no_shows: counted.get('no-show') ?? 0,
      revenue: String(lines.items[0]?.sum?.amount ?? '0.00'),
    };
  };
  return Promise.all(items.map(({ account }) => rowOf(String(account))));
}

/** Texts in quotes; what a spreadsheet would take for a formula is none. */
function csvLine(values: readonly unknown[]): string {
  const cells = values.map(
    (value) =>
      `"${String(value)
        .replace(/^[=+@-]/, "'$&")
        .replaceAll('"', '""')}"`,
  );
  return `${cells.join(',')}\r\n`;
}

function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}
