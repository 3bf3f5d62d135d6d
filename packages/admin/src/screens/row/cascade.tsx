import { useQuery } from '@tanstack/react-query';
import { type Row, request } from '../../api/api.ts';
import type { DeclaredResource } from '../../api/declaration.ts';
import { formatNumber, t } from '../../i18n/translate.ts';
import { ProblemNotice } from '../../ui/feedback.tsx';

/** Rows of one resource that a deletion would reach, by one of its fields. */
interface Reached {
  resource: string;
  field: string;
  count: number;
  onDelete: string;
}

/** Consequences of a deletion: rows that go with it, lose their reference, or stand against it. */
export function Cascade({ app, resource, row }: { app: string; resource: DeclaredResource; row: Row }) {
  const { data, error } = useQuery({
    queryKey: ['cascade', app, resource.name, String(row.id)],
    queryFn: () =>
      request<{ items: Reached[] }>(
        app,
        'GET',
        `/v1/admin/cascade/${resource.name}/${encodeURIComponent(row.id)}`,
      ),
    staleTime: 0,
    gcTime: 0,
  });
  if (error) return <ProblemNotice error={error} />;
  if (!data) return <p className="muted">{t('state.loading')} …</p>;
  if (data.items.length === 0) return <p className="muted">{t('cascade.none')}</p>;
  return (
    <ul className="cascade">
      {data.items.map(({ resource: other, field, count, onDelete }) => (
        <li key={`${other}.${field}`}>
          <span className={`badge ${onDelete === 'restrict' ? 'bad' : onDelete === 'cascade' ? 'warn' : ''}`}>
            {t(
              onDelete === 'restrict'
                ? 'cascade.restrict'
                : onDelete === 'cascade'
                  ? 'cascade.cascade'
                  : 'cascade.setNull',
            )}
          </span>{' '}
          {formatNumber(count)} {other}.{field}
        </li>
      ))}
    </ul>
  );
}
