import { job, reference, timestamp } from 'trestle';
import { Problem } from 'trestle/contract';
import { members, resources } from './resources.ts';

/** Reminds a patient the day before, at most once; of an appointment that was moved or cancelled, not at all. */
export const remind = job({
  input: { appointment: reference('appointments'), starts_at: timestamp() },
  run: async (context, { appointment, starts_at }) => {
    const { state, patient, ...row } = await context
      .service(resources.appointments)
      .peek(context, String(appointment));
    if ((state !== 'requested' && state !== 'confirmed') || row.starts_at !== starts_at) return;
    const patients = await context.service(resources.patients).readMany(context, [String(patient)]);
    const account = patients.get(String(patient))?.account ?? null;
    if (account === null) return;
    const { email: to } = await context.service(members).read(context, account);
    // A job that runs again finds the row that it made, with the mail that this enqueued.
    try {
      await context.service(resources.reminders).create(context, { appointment: row.id, starts_at, to });
    } catch (error) {
      if (error instanceof Problem && error.code === 'conflict') return;
      throw error;
    }
  },
});
