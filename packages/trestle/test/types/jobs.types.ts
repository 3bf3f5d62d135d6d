import type { Job, JobContext, JobServices } from 'trestle';
import { app, boolean, integerId, job, reference, resource, text } from 'trestle';
import type { ContractContext } from 'trestle/contract';
import { neverAny, sameType } from './same-type.ts';

export const notes = resource({ id: integerId(), fields: { title: text() } });

export const remind = job({
  input: { note: reference('notes'), loud: boolean({ default: false }) },
  run: async (context, input) => {
    sameType<(typeof input)['loud'], boolean>(true);
    const note = await context.service(notes).peek(context, 7);
    sameType<(typeof note)['title'], string>(true);
  },
});

export const declared = app({ name: 'notes', resources: { notes }, jobs: { remind } });

type Declared = typeof declared;
type Enqueue = JobServices<Declared['jobs']>['remind']['enqueue'];
sameType<Parameters<Enqueue>[1], { note: string | number; loud?: boolean }>(true);
neverAny<JobContext>(false);
neverAny<Job>(false);

/** Enqueued from a contract; never run. */
export async function contractCode(
  request: JobContext,
  { jobs }: ContractContext<Declared['resources'], Declared['jobs']>,
): Promise<void> {
  await jobs.remind.enqueue(request, { note: 7 }, { at: new Date(), key: 'note 7' });
  // @ts-expect-error the input names a note
  await jobs.remind.enqueue(request, {});
  // @ts-expect-error there is no such job
  jobs.remember;
}
