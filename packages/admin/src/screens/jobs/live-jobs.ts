import { type InfiniteData, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { urlOf } from '../../api/api.ts';
import { rowKey } from '../row/row-form.ts';
import type { Job } from './jobs-screen.tsx';

type Pages = InfiniteData<{ items: Job[]; next: string | null }>;

/** Keeps the lists of jobs as the server says they change; after each gap they are read again. */
export function useLiveJobs(app: string): void {
  const queries = useQueryClient();
  useEffect(() => {
    const events = new EventSource(urlOf(app, '/v1/admin/jobs/events'));
    const reread = () => void queries.invalidateQueries({ queryKey: ['jobs', app] });
    events.addEventListener('open', reread);
    events.addEventListener('missed', reread);
    events.addEventListener('reread', reread);
    events.addEventListener('job', ({ data }) => {
      const job: Job = JSON.parse(data);
      // Its attempts, where they are shown.
      void queries.invalidateQueries({ queryKey: ['attempts', app, job.id] });
      const lists = queries.getQueriesData<Pages>({ queryKey: ['jobs', app] });
      const isKnown = lists.every(([, pages]) =>
        pages?.pages.some(({ items }) => items.some(({ id, state }) => id === job.id && state === job.state)),
      );
      // A new one, and one in another state, may come into a list or leave it.
      if (!isKnown) return reread();
      const replaced = (pages: Pages | undefined) =>
        pages && {
          ...pages,
          pages: pages.pages.map((page) => ({
            ...page,
            items: page.items.map((one) => (one.id === job.id ? job : one)),
          })),
        };
      queries.setQueriesData<Pages>({ queryKey: ['jobs', app] }, replaced);
    });
    return () => events.close();
  }, [app, queries]);
}

/** The job under way on a row, as it goes on, where the row has operations; when it ends, the row and its moves are read again. */
export function useJobOf(app: string, resource: string | undefined, row: string): Job | undefined {
  const queries = useQueryClient();
  const [job, setJob] = useState<Job>();
  useEffect(() => {
    setJob(undefined);
    if (resource === undefined) return;
    const events = new EventSource(urlOf(app, '/v1/admin/jobs/events'));
    events.addEventListener('job', ({ data }) => {
      const changed: Job = JSON.parse(data);
      if (changed.resource !== resource || changed.row !== row) return;
      const isUnderWay = changed.finished_at === null;
      setJob(isUnderWay ? changed : undefined);
      if (isUnderWay) return;
      for (const queryKey of [rowKey(app, resource, row), ['rows', app], ['moves', app]])
        void queries.invalidateQueries({ queryKey });
    });
    return () => events.close();
  }, [app, queries, resource, row]);
  return job;
}
