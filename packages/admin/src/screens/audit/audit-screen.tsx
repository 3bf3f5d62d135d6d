import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { queryString } from 'trestle-client';
import { request, urlOf } from '../../api/api.ts';
import { formatInstant, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, Failed, Loading } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icons.tsx';

interface Entry {
  id: number;
  at: string;
  username: string | null;
  credential: string;
  method: string;
  route: string;
  resource: string | null;
  row: string | null;
  fields: readonly string[];
  /** Null of a look as another account, which is written down before it is answered. */
  status: number | null;
  code: string | null;
  viewed_as: string | null;
  address: string | null;
  request: string | null;
}

/** Who of the operators did what, when, and from where. */
export function AuditScreen() {
  const { app } = useParams({ from: '/$app/audit' });
  const { who, resource } = useSearch({ from: '/$app/audit' });
  const navigate = useNavigate({ from: '/$app/audit' });
  const filter = {
    ...(who !== undefined && { username: { eq: who } }),
    ...(resource !== undefined && { resource: { eq: resource } }),
  };
  const list = useInfiniteQuery({
    queryKey: ['audit', app, who, resource],
    initialPageParam: '',
    queryFn: ({ pageParam }) => {
      const cursor = pageParam === '' ? {} : { cursor: pageParam };
      const query = queryString({ filter, ...cursor, limit: 100 });
      return request<{ items: Entry[]; next: string | null }>(app, 'GET', `/v1/admin/audit${query}`);
    },
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const entries = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const only = (next: { who?: string; resource?: string }) => void navigate({ search: next });
  return (
    <div className="page">
      <div className="page-head">
        <h1 className="grow">{t('nav.audit')}</h1>
        {(who !== undefined || resource !== undefined) && (
          <Button icon="close" onClick={() => only({})}>
            {who ?? resource}
          </Button>
        )}
        {(['csv', 'ndjson'] as const).map((format) => (
          <a
            key={format}
            className="button"
            href={urlOf(app, `/v1/admin/audit.${format}${queryString({ filter })}`)}
            download
          >
            <Icon name="download" />
            {format.toUpperCase()}
          </a>
        ))}
      </div>
      {list.error ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <Loading />
      ) : entries.length === 0 ? (
        <Empty title={t('audit.none')} />
      ) : (
        <div className="scroll-x" tabIndex={0} role="region" aria-label={t('nav.audit')}>
          <table className="grid-table folds">
            <thead>
              <tr>
                <th>{t('audit.at')}</th>
                <th>{t('audit.who')}</th>
                <th>{t('audit.what')}</th>
                <th>{t('audit.row')}</th>
                <th>{t('audit.status')}</th>
                <th>{t('audit.from')}</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <tr key={entry.id}>
                  <td className="nowrap">
                    <time dateTime={entry.at}>{formatInstant(entry.at)}</time>
                  </td>
                  <td>
                    {entry.username === null ? (
                      entry.credential
                    ) : (
                      <button
                        type="button"
                        className="link"
                        onClick={() => only({ who: entry.username ?? '' })}
                      >
                        {entry.username}
                      </button>
                    )}
                    {entry.viewed_as !== null && (
                      <span className="badge info">{t('viewAs.as', { name: entry.viewed_as })}</span>
                    )}
                  </td>
                  <td>
                    <code>
                      {entry.method} {entry.route}
                    </code>
                    {entry.fields.length > 0 && <div className="muted">{entry.fields.join(', ')}</div>}
                  </td>
                  <td>
                    {entry.resource !== null && (
                      <button
                        type="button"
                        className="link"
                        onClick={() => only({ resource: entry.resource ?? '' })}
                      >
                        {entry.resource} {entry.row}
                      </button>
                    )}
                  </td>
                  <td>
                    {entry.status !== null && (
                      <span className={`badge ${entry.status < 400 ? 'good' : 'bad'}`}>{entry.status}</span>
                    )}
                  </td>
                  <td className="muted">{entry.address}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {list.hasNextPage && <Button onClick={() => void list.fetchNextPage()}>{t('history.more')}</Button>}
        </div>
      )}
    </div>
  );
}
