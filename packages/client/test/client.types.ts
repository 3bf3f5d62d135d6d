import type changelog from '../../../apps/changelog/app.ts';
import type packages from '../../../apps/packages/app.ts';
import { neverAny, sameType } from '../../trestle/test/types/same-type.ts';
import { type Client, createClient, unwrap } from '../src/index.ts';

/** Calls that compile and calls that do not. Never run. */
export async function clientTypes(): Promise<void> {
  neverAny<Client<typeof changelog>['rows']['projects']>(false);
  const { projects, updates } = createClient<typeof changelog>({ url: '' }).rows;
  const project = unwrap(await projects.get(7));
  sameType<
    typeof project,
    { id: number; title: string; active: boolean; creation_date: string; created_by: string | number | null }
  >(true);
  await projects.create({ title: 'A' });
  await projects.patch(7, { active: false });
  await updates.list({ filter: { project_id: { in: [1, 2] } }, sort: ['-creation_date', 'title'] });

  // @ts-expect-error a title is needed
  await projects.create({ active: true });
  // @ts-expect-error the server sets it
  await projects.patch(7, { created_by: 1 });
  // @ts-expect-error ids are numbers
  await projects.get('7');
  // @ts-expect-error there is no such field
  await projects.list({ filter: { titel: { eq: 'A' } } });
  // @ts-expect-error a boolean is compared with one
  await projects.list({ filter: { active: { eq: 'yes' } } });
  // @ts-expect-error text operators are of strings
  await projects.list({ filter: { id: { contains: '1' } } });
  // @ts-expect-error an array takes no filter
  await updates.list({ filter: { relevant_points: { eq: [] } } });
  // @ts-expect-error there is no such field to sort by
  await projects.list({ sort: ['-titel'] });
  // @ts-expect-error there is no such resource
  createClient<typeof changelog>({ url: '' }).rows.articles;

  const result = await projects.patch(7, {});
  // @ts-expect-error only a result that is ok has a value
  result.value;
  if (!result.ok && result.problem.code === 'precondition_failed') {
    sameType<typeof result.problem.theirs, typeof project | undefined>(true);
  }
  // @ts-expect-error of other problems there are no rows
  if (!result.ok && result.problem.code === 'not_found') result.problem.theirs;
  const status = unwrap(await createClient<typeof packages>({ url: '' }).rows.packages.get(1)).status_id;
  sameType<typeof status, number>(true);
}
