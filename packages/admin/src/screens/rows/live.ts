import { type InfiniteData, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { queryString } from 'trestle-client';
import { type Page, type Row, type RowsQuery, urlOf, viewedAs } from '../../api/api.ts';
import type { DeclaredResource } from '../../api/declaration.ts';

interface LiveOptions {
  app: string;
  resource: DeclaredResource;
  query: RowsQuery;
  queryKey: readonly unknown[];
}

/**
 * Keeps the rows that are shown as they are on the server, where the resource is live. New rows are counted alone, so that
 * nothing moves under the pointer until they are asked for.
 */
export function useLiveRows({ app, resource, query, queryKey }: LiveOptions): {
  count: number;
  show: () => void;
} {
  const queries = useQueryClient();
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const key = JSON.stringify(queryKey);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says all that the query and its key do.
  useEffect(() => {
    setFresh(new Set());
    if (!resource.live || query.deleted || viewedAs.get()) return;
    const { filter, sort } = query;
    const asked = queryString({ ...(filter && { filter }), ...(sort && { sort }), limit: 1 });
    const events = new EventSource(urlOf(app, `/v1/${resource.name}/events${asked}`));
    const update = (change: (rows: Row[]) => Row[]) =>
      queries.setQueryData<InfiniteData<Page>>(
        queryKey,
        (data) =>
          data && { ...data, pages: data.pages.map((page) => ({ ...page, items: change(page.items) })) },
      );
    events.addEventListener('put', ({ data }) => {
      const row: Row = JSON.parse(data);
      const shown = queries
        .getQueryData<InfiniteData<Page>>(queryKey)
        ?.pages.some(({ items }) => items.some(({ id }) => id === row.id));
      if (shown)
        update((rows) => rows.map((one) => (one.id === row.id ? { ...row, expand: one.expand } : one)));
      else setFresh((now) => new Set([...now, String(row.id)]));
    });
    events.addEventListener('gone', ({ data }) => {
      const { id }: Row = JSON.parse(data);
      update((rows) => rows.filter((one) => one.id !== id));
    });
    events.addEventListener('resync', () => void queries.invalidateQueries({ queryKey }));
    return () => events.close();
  }, [key, app, resource]);
  return {
    count: fresh.size,
    show: () => {
      setFresh(new Set());
      void queries.invalidateQueries({ queryKey });
    },
  };
}
