import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type Id, request } from '../../api/api.ts';
import { useMayWrite } from '../../api/session.ts';
import { formatAge, formatInstant, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { ProblemNotice, toastProblem } from '../../ui/feedback.tsx';

interface Session {
  id: string;
  created_at: string;
  expires_at?: string | null;
  [member: string]: unknown;
}

/** The sessions of an account, each to be ended. */
export function Sessions({ app, account }: { app: string; account: Id }) {
  const queries = useQueryClient();
  const mayWrite = useMayWrite(app);
  const { data, error } = useQuery({
    queryKey: ['sessions', app, String(account)],
    queryFn: () =>
      request<{ items: Session[] }>(
        app,
        'GET',
        `/v1/sessions?filter[account]=${encodeURIComponent(account)}&limit=100`,
      ),
  });
  const end = async (ids: readonly string[]) => {
    try {
      for (const id of ids) await request(app, 'DELETE', `/v1/sessions/${encodeURIComponent(id)}`);
    } catch (failure) {
      toastProblem(failure);
    }
    await queries.invalidateQueries({ queryKey: ['sessions', app] });
  };
  const sessions = data?.items ?? [];
  return (
    <section className="related">
      <h3 className="row">
        <span className="grow">{t('accounts.sessions')}</span>
        {mayWrite && sessions.length > 1 && (
          <Button onClick={() => void end(sessions.map(({ id }) => id))}>{t('accounts.endAll')}</Button>
        )}
      </h3>
      {error && <ProblemNotice error={error} />}
      <ul>
        {sessions.map((session) => (
          <li key={session.id} className="row">
            <span className="grow" title={formatInstant(session.created_at)}>
              {formatAge(session.created_at)}{' '}
              <span className="muted">{String(session.agent ?? session.source ?? '')}</span>
            </span>
            {mayWrite && (
              <Button look="plain" onClick={() => void end([session.id])}>
                {t('accounts.end')}
              </Button>
            )}
          </li>
        ))}
        {data && sessions.length === 0 && <li className="muted">{t('state.none')}</li>}
      </ul>
    </section>
  );
}
