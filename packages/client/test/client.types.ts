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
  // @ts-expect-error beside one that there is, neither
  await projects.list({ filter: { title: { eq: 'A' }, titel: { eq: 'A' } } });
  // @ts-expect-error there is no such operator
  await projects.list({ filter: { title: { eq: 'A', cotains: 'B' } } });
  // @ts-expect-error nor in an alternative
  await projects.list({ filter: { or: [{ title: { eq: 'A' }, titel: { eq: 'A' } }] } });
  // @ts-expect-error queries have no such member
  await projects.list({ limit: 1, fitler: { title: { eq: 'A' } } });
  // @ts-expect-error a whole list has no pages
  projects.all({ limit: 1, page: 2 });
  // @ts-expect-error related rows have no such query
  await updates.list({ expand: { project_id: { fields: ['title'], filed: ['title'] } } });
  // @ts-expect-error a live list has rows without related ones
  updates.live({ limit: 1, expand: { project_id: true } });
  // @ts-expect-error a row has no such selection
  await projects.get(7, { fields: ['title'], exapnd: {} });
  const { signal } = new AbortController();
  const selected = unwrap(await projects.get(7, { signal, fields: ['title'] }));
  sameType<typeof selected, { id: number; title: string }>(true);
  const limits: { limit: number } = { limit: 20 };
  await updates.list({
    ...limits,
    expand: { project_id: true },
    filter: { project_id: { title: { eq: 'A' } } },
  });
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
