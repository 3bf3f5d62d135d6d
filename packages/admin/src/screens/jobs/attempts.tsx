import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { request } from '../../api/api.ts';
import { formatDuration, formatInstant, t } from '../../i18n/translate.ts';
import { Failed, Loading } from '../../ui/feedback.tsx';
import type { Job } from './jobs-screen.tsx';

interface Attempt {
  number: number;
  started_at: string | null;
  finished_at: string | null;
  outcome: string;
  error: string | null;
}

const LOOKS: Readonly<Record<string, string>> = {
  succeeded: 'good',
  failed: 'bad',
  lost: 'bad',
  running: 'info',
  cancelled: 'warn',
};

/** The attempts of a job, read when they are opened: when, how long, how each ended. */
export function Attempts({ app, job: { id, attempts } }: { app: string; job: Job }) {
  const [isOpen, setOpen] = useState(false);
  const { data, error } = useQuery({
    queryKey: ['attempts', app, id],
    queryFn: () => request<{ items: Attempt[] }>(app, 'GET', `/v1/admin/jobs/${id}/attempts`),
    enabled: isOpen,
  });
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{t('jobs.attempts', { count: attempts })}</summary>
      {isOpen && error && <Failed error={error} />}
      {isOpen && !data && !error && <Loading />}
      {data && (
        <div
          className="scroll-x"
          tabIndex={0}
          role="region"
          aria-label={t('jobs.attempts', { count: attempts })}
        >
          <table className="grid-table folds">
            <tbody>
              {data.items.map((one) => (
                <tr key={`${one.number} ${one.started_at} ${one.finished_at}`}>
                  <th scope="row">{one.number}</th>
                  <td>
                    <span className={`badge ${LOOKS[one.outcome] ?? ''}`}>{one.outcome}</span>
                  </td>
                  <td>{one.started_at && formatInstant(one.started_at)}</td>
                  <td className="number">
                    {one.started_at && one.finished_at && formatDuration(one.started_at, one.finished_at)}
                  </td>
                  <td className="error-text">{one.error}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isOpen && (
        <Link to="/$app/log" params={{ app }} search={{ text: id }}>
          {t('jobs.log')}
        </Link>
      )}
    </details>
  );
}
