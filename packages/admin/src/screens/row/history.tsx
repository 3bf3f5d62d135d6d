import { useInfiniteQuery } from '@tanstack/react-query';
import { type Id, isId, type Row, request } from '../../api/api.ts';
import type { DeclaredResource } from '../../api/declaration.ts';
import { Value } from '../../fields/registry.tsx';
import { RowName } from '../../fields/row-name.tsx';
import { formatAge, formatInstant, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { ProblemNotice } from '../../ui/feedback.tsx';

interface Change {
  action: string;
  at: string;
  by: Id | null;
  before: Readonly<Record<string, unknown>> | null;
  after: Readonly<Record<string, unknown>> | null;
}

interface HistoryProps {
  app: string;
  resource: DeclaredResource;
  row: Row;
}

/** Who changed what, and when, with the values before and after. */
export function History({ app, resource, row }: HistoryProps) {
  const { data, error, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['history', app, resource.name, String(row.id)],
    initialPageParam: '',
    queryFn: ({ pageParam }) => {
      const cursor = pageParam === '' ? '' : `&cursor=${encodeURIComponent(pageParam)}`;
      const path = `/v1/${resource.name}/${encodeURIComponent(row.id)}/history?limit=20${cursor}`;
      return request<{ items: Change[]; next: string | null }>(app, 'GET', path);
    },
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  return (
    <section className="history">
      <h2>{t('history.title')}</h2>
      {error && <ProblemNotice error={error} />}
      <ol>
        {data?.pages
          .flatMap(({ items }) => items)
          .map((change) => (
            <li key={`${change.at} ${change.action}`}>
              <div>
                <strong>{change.action}</strong>{' '}
                {isId(change.by) && <RowName app={app} resource="accounts" id={change.by} />}{' '}
                <time className="muted" dateTime={change.at} title={formatInstant(change.at)}>
                  {formatAge(change.at)}
                </time>
              </div>
              <Differences {...{ app, resource, change }} />
            </li>
          ))}
      </ol>
      {hasNextPage && <Button onClick={() => void fetchNextPage()}>{t('history.more')}</Button>}
    </section>
  );
}

function Differences({
  app,
  resource,
  change: { before, after },
}: Omit<HistoryProps, 'row'> & { change: Change }) {
  const changed = resource.fields.filter(
    ({ name }) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]),
  );
  return (
    <dl className="differences">
      {changed.map((field) => (
        <div key={field.name}>
          <dt>{field.name}</dt>
          <dd>
            {before && field.name in before && (
              <del>
                <Value {...{ app, field }} value={before[field.name]} />
              </del>
            )}{' '}
            {after && field.name in after && (
              <ins>
                <Value {...{ app, field }} value={after[field.name]} />
              </ins>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
