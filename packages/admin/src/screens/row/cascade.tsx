import { useQuery } from '@tanstack/react-query';
import { type Id, request } from '../../api/api.ts';
import { formatNumber, t } from '../../i18n/translate.ts';
import { ProblemNotice } from '../../ui/feedback.tsx';

/** The consequences of a deletion. */
interface Preview {
  hides: boolean;
  refused: boolean;
  reaches: readonly Reached[];
}

/** Rows of another resource that a deletion reaches. */
export interface Reached {
  resource: string;
  field: string;
  effect: 'cascade' | 'setNull' | 'remove' | 'restrict';
  /** Undefined where nobody counted them. */
  count: number | undefined;
  more?: boolean;
}

const BADGES = { cascade: 'warn', restrict: 'bad', setNull: '', remove: '' } as const;

/** Rows that a deletion takes with it, that lose their reference, or that stand against it. */
export function Cascade({ app, resource, id }: { app: string; resource: string; id: Id }) {
  const { data, error } = useQuery({
    queryKey: ['deletion', app, resource, String(id)],
    queryFn: () => request<Preview>(app, 'GET', `/v1/admin/deletions/${resource}/${encodeURIComponent(id)}`),
    staleTime: 0,
    gcTime: 0,
  });
  if (error) return <ProblemNotice error={error} />;
  if (!data) return <p className="muted">{t('state.loading')} …</p>;
  const { hides, reaches } = data;
  return (
    <>
      <p>{t(hides ? 'row.deleteSoft' : 'row.deleteHard')}</p>
      <EffectList reaches={reaches} />
    </>
  );
}

/** Effects of a deletion on other rows. */
export function EffectList({ reaches }: { reaches: readonly Reached[] }) {
  if (reaches.length === 0) return <p className="muted">{t('cascade.none')}</p>;
  return (
    <ul className="cascade">
      {reaches.map(({ resource, field, effect, count, more }) => (
        <li key={`${resource}.${field}.${effect}`}>
          <span className={`badge ${BADGES[effect]}`}>{t(`cascade.${effect}`)}</span>{' '}
          {count !== undefined && formatNumber(count)}
          {more && '+'} {resource}.{field}
        </li>
      ))}
    </ul>
  );
}
