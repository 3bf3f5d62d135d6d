import {
  accounts,
  administrator,
  all,
  any,
  author,
  createdAt,
  date,
  decimal,
  email,
  exists,
  type HookContext,
  integer,
  integerId,
  its,
  list,
  many,
  me,
  nobody,
  object,
  oneOf,
  own,
  ownAccount,
  type RowId,
  reference,
  resource,
  role,
  signedIn,
  sum,
  text,
  through,
  timestamp,
  transitions,
  where,
} from 'trestle';
import { requireSlot, scheduleReminder, WEEKDAYS } from './booking.ts';

const desk = role('receptionist');
const byDesk = { read: desk, create: desk, update: desk };
const byOwnCode = { create: nobody, update: nobody };
const contact = { read: any(ownAccount, desk) };
const name = text({ min: 1, max: 100, trim: true });
const time = text({ pattern: /^(([01]\d|2[0-3]):[0-5][05]|24:00)$/, message: 'must be such as 09:30' });
const self = any(desk, all(role('practitioner'), where({ account: me })));
const theirs = all(role('practitioner'), where({ practitioner: me }));
const ownPatient = exists('patients', { id: its('patient'), account: me });
/** Appointments of the caller that make somebody their patient: those that are, and those that were. */
const treatment = { practitioner: me, state: { ne: 'cancelled' } };
const treats = all(role('practitioner'), exists('appointments', { patient: its('patient'), ...treatment }));
/** Lines change as long as their invoice does. */
const ofDraft = through('invoice', 'update');
const taken = ['requested', 'confirmed', 'done'];

export const members = accounts({
  fields: {
    email: email({ unique: true, can: contact }),
    display_name: name,
    phone: text({ nullable: true, max: 40, can: contact }),
  },
  email: 'email',
  signInBy: ['email'],
  roles: ['receptionist', 'practitioner'],
  // Patients see the practitioners, not each other.
  can: { read: any(desk, all(signedIn, exists('practitioners', { account: its('id') }))), list: desk },
});

const practitioners = resource({
  fields: {
    account: reference('accounts', { unique: true }),
    specialty: text({ min: 1, max: 100 }),
    hours: list(object({ weekday: oneOf(WEEKDAYS), from: time, to: time }), { max: 50 }),
  },
  can: { read: signedIn, create: self, update: self },
});

const patients = resource({
  fields: {
    account: reference('accounts', { nullable: true, unique: true, can: { update: desk } }),
    name,
    birth: date(),
    insurance_number: text({ nullable: true, max: 40, can: byDesk }),
    appointments: many('appointments', { by: 'patient' }),
  },
  order: 'name',
  softDelete: true,
  can: {
    read: any(
      desk,
      where({ account: me }),
      all(role('practitioner'), exists('appointments', { patient: its('id'), ...treatment })),
    ),
    create: any(desk, where({ account: me })),
    update: any(desk, where({ account: me })),
    delete: desk,
  },
});

/** A resource of its own: rules of fields look at the caller alone, and these depend on the patient's appointments. */
const notes = resource({
  fields: {
    patient: reference('patients'),
    text: text({ min: 1 }),
    author: author(),
    created_at: createdAt(),
  },
  order: '-created_at',
  can: { read: treats, create: treats, update: own('author') },
});

export const appointments = resource({
  fields: {
    /** The account of one of the practitioners. */
    practitioner: reference('accounts'),
    patient: reference('patients'),
    starts_at: timestamp(),
    ends_at: timestamp(),
    reason: text({ default: '', max: 500 }),
    state: transitions(['requested', 'confirmed', 'done', 'cancelled', 'no-show'], {
      confirm: { from: 'requested', to: 'confirmed', can: any(desk, theirs) },
      finish: { from: 'confirmed', to: 'done', can: any(desk, theirs) },
      miss: { from: ['requested', 'confirmed'], to: 'no-show', can: any(desk, theirs) },
      cancel: { from: ['requested', 'confirmed'], to: 'cancelled', can: any(desk, ownPatient) },
    }),
  },
  order: 'starts_at',
  exclude: [
    { same: ['practitioner'], from: 'starts_at', to: 'ends_at', where: { state: taken } },
    { same: ['patient'], from: 'starts_at', to: 'ends_at', where: { state: taken } },
  ],
  live: true,
  history: true,
  can: {
    read: any(desk, theirs, ownPatient),
    create: all(exists('practitioners', { account: its('practitioner') }), any(desk, ownPatient)),
    update: desk,
  },
  before: {
    create: async (context, { body }) => requireSlot(await hoursOf(context, body.practitioner), body),
    update: async (context, { row, body }) => {
      if (!body.starts_at && !body.ends_at && !body.practitioner) return;
      const moved = { ...row, ...body };
      requireSlot(await hoursOf(context, moved.practitioner), moved);
    },
  },
  within: {
    create: (context, { row }) => scheduleReminder(context, row),
    update: async (context, { row, before }) => {
      if (row.starts_at !== before.starts_at) await scheduleReminder(context, row);
    },
  },
});

async function hoursOf(context: HookContext, account: RowId) {
  const { items } = await context
    .service(practitioners)
    .list(context, { filter: { account: { eq: account } } });
  return items.flatMap(({ hours }) => hours);
}

/** Reminders, each of which sends its mail in the transaction that makes it: both are there, or none. */
export const reminders = resource({
  fields: {
    appointment: reference('appointments'),
    starts_at: timestamp(),
    to: email(),
    created_at: createdAt(),
  },
  unique: [['appointment', 'starts_at']],
  can: { read: desk },
  within: {
    create: async (context, { row: { to, starts_at } }) => {
      const text = `Your appointment begins at ${starts_at}.`;
      await context.mail.send(context, { to, subject: 'Your appointment', text });
    },
  },
});

const invoices = resource({
  id: integerId(),
  fields: {
    appointment: reference('appointments'),
    number: integer({ nullable: true, unique: true, can: byOwnCode }),
    issued_at: timestamp({ nullable: true, index: true, can: byOwnCode }),
    state: transitions(['draft', 'issued'], { issue: { from: 'draft', to: 'issued', can: desk } }),
    total: sum('lines', 'amount', { invoice: its('id') }),
    lines: many('lines', { by: 'invoice' }),
  },
  can: {
    read: any(desk, all(where({ state: 'issued' }), through('appointment'))),
    create: desk,
    update: all(desk, where({ state: 'draft' })),
    delete: all(desk, where({ state: 'draft' })),
  },
  within: {
    // The next number, taken in the transaction that issues the invoice: where that is undone, so is the number.
    update: async (context, { row, before }): Promise<void> => {
      if (row.state === before.state) return;
      const { last } = await context.service(series).increment(context, 1, { last: 1 });
      const issued_at = new Date().toISOString();
      await context.service(invoices).patch(context, row.id, { number: last, issued_at });
    },
  },
});

const lines = resource({
  id: integerId(),
  fields: {
    invoice: reference('invoices', { onDelete: 'cascade' }),
    text: text({ min: 1, max: 200 }),
    amount: decimal({ digits: 12, scale: 2 }),
  },
  can: { read: through('invoice'), create: ofDraft, update: ofDraft, delete: ofDraft },
});

/** The last number of each series that has no gaps. */
const series = resource({
  id: integerId(),
  fields: { name: text({ unique: true }), last: integer({ default: 0 }) },
  rows: [{ name: 'invoices' }],
  uniform: false,
  can: { read: administrator },
});

const desks = { practitioners, patients, notes, appointments, reminders };
export const resources = { ...desks, invoices, lines, series };
