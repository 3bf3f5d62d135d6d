import { anyone, app, integer, integerId, type JobContext, job, resource, text } from '../../src/index.ts';

const declared = {
  id: integerId(),
  fields: { title: text({ min: 1, max: 40 }) },
  can: { read: anyone, create: anyone },
} as const;

export const notes = resource(declared);

/** Code of the job, given by each test. */
export type Remind = (
  context: JobContext,
  input: { readonly title: string; readonly times: number },
) => Promise<void>;

/** Notes, and a job that reminds of them. */
export function remindersApp(run: Remind) {
  return app({
    name: 'reminders',
    resources: { notes },
    jobs: {
      remind: job({
        input: { title: text({ min: 1, max: 40, trim: true }), times: integer({ default: 1 }) },
        retries: 2,
        run,
      }),
    },
  });
}

/** The same with code that runs after a note is created. */
export function afterNotesApp(run: (context: JobContext) => Promise<void>) {
  return app({
    name: 'reminders',
    resources: { notes: resource({ ...declared, after: { create: run } }) },
  });
}

/** The same with a schedule. */
export function scheduledApp(run: () => Promise<void>) {
  return app({ name: 'reminders', resources: { notes }, jobs: { remind: job({ every: '1h', run }) } });
}
