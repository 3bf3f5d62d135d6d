import type { BodyOf, RowOf } from 'trestle';
import { integerId, type RunContext, resource, signedIn, state, text } from 'trestle';
import type { OperationService, OperationView, Page } from 'trestle/contract';
import { neverAny, sameType } from './same-type.ts';

export const statuses = resource({
  id: integerId(),
  fields: { name: text({ unique: true }) },
  rows: [{ name: 'Submitted' }, { name: 'Downloaded' }],
});

export const packages = resource({
  id: integerId(),
  fields: { title: text(), status: state('statuses', { initial: 'Submitted' }) },
  can: { read: signedIn, update: signedIn },
  lifecycle: {
    field: 'status',
    operations: {
      download: {
        from: 'Submitted',
        to: 'Downloaded',
        run: async ({ row, progress }) => {
          sameType<(typeof row)['title'], string>(true);
          progress(0.5, row.title);
          return { result: { bytes: 7 }, effect: (rows) => rows.set('packages', row.id, { title: 'done' }) };
        },
      },
    },
  },
});

type All = { statuses: typeof statuses; packages: typeof packages };

// The state is read as the id of its row, and is in no body.
sameType<RowOf<typeof packages, All>, { id: number; title: string; status: number }>(true);
sameType<BodyOf<typeof packages, All>, { title: string }>(true);

sameType<Awaited<ReturnType<OperationService['list']>>, Page<OperationView>>(true);
neverAny<OperationService>(false);
neverAny<RunContext<{ id: number }>>(false);

/** Lifecycles that do not compile; never run. */
export function wrongLifecycles(): void {
  resource({
    fields: { title: text(), status: state('statuses', { initial: 'Submitted' }) },
    // @ts-expect-error a title is no state
    lifecycle: { field: 'title', operations: {} },
  });
  // @ts-expect-error a state has a first one
  state('statuses', {});
}
