import { answer, bytes, type ContractContext, route, system } from 'trestle/contract';
import { Type } from 'typebox';
import type { remind } from './reminders.ts';
import type { members, resources } from './resources.ts';

type App = ContractContext<typeof resources, { remind: typeof remind }, (typeof members)['fields']>;
const all = Number.MAX_SAFE_INTEGER;

const Month = Type.Object({ month: Type.String({ pattern: '^\\d{4}-(0[1-9]|1[0-2])$' }) });
const [Text, Count] = [Type.String(), Type.Integer()];
const counts = { appointments: Count, no_shows: Count, revenue: Text };
const Report = Type.Array(Type.Object({ practitioner: Text, name: Text, ...counts }));

export function routes(app: App) {
  const { rules } = app;
  const report = { summary: 'The month of each practitioner', can: rules.reminders.read, query: Month };
  const csv = { summary: 'The same as CSV', produces: 'text/csv', answers: { 200: Text } };
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
