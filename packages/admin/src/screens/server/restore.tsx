import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { fieldProblem, request } from '../../api/api.ts';
import { formatInstant, type MessageKey, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ProblemNotice } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import type { Process } from './measures.ts';

export interface Restore {
  backup: string;
  state: 'restoring' | 'restored' | 'failed';
  started_at: string;
  finished_at: string | null;
  before: string | null;
  detail: string | null;
}

const STATES: Readonly<Record<Restore['state'], { label: MessageKey; look: string }>> = {
  restoring: { label: 'restore.restoring', look: 'info' },
  restored: { label: 'restore.restored', look: 'good' },
  failed: { label: 'restore.failed', look: 'bad' },
};

/** The outcome of the last restore. */
export function LastRestore({ restore }: { restore: Restore }) {
  const { label, look } = STATES[restore.state];
  return (
    <div className="notice" role="status">
      <span className={`badge ${look}`}>{t(label)}</span> {restore.backup}{' '}
      <span className="muted">{formatInstant(restore.finished_at ?? restore.started_at)}</span>
      {restore.before !== null && <div>{t('restore.before', { name: restore.before })}</div>}
      {restore.state === 'failed' && restore.detail !== null && (
        <p className="error-text">{restore.detail}</p>
      )}
    </div>
  );
}

/** How often the processes are asked for while the dialog is open. */
const REFRESH_MS = 5000;

/** Servers that run beside the one that answers, the first: workers of one server have one address, and stop together. */
function otherServers([own, ...rest]: readonly Process[]): string[] {
  const isOther = ({ running, host, url }: Process) => running && (host !== own?.host || url !== own.url);
  return rest.filter(isOther).map(({ host, pid, url }) => `${host} ${pid}${url === '' ? '' : ` (${url})`}`);
}

interface RestoreDialogProps {
  app: string;
  backup: string;
  onClose: () => void;
}

/** Asks for the name of the app before all of its rows are replaced. */
export function RestoreDialog({ app, backup, onClose }: RestoreDialogProps) {
  const queries = useQueryClient();
  const [confirm, setConfirm] = useState('');
  const { data } = useQuery({
    queryKey: ['processes', app],
    queryFn: () => request<{ items: Process[] }>(app, 'GET', '/v1/admin/processes'),
    refetchInterval: REFRESH_MS,
  });
  const others = otherServers(data?.items ?? []);
  const restoring = useMutation({
    mutationFn: () =>
      request<Restore>(app, 'POST', `/v1/admin/backups/${encodeURIComponent(backup)}:restore`, {
        body: { confirm },
      }),
    onSuccess: (restore) => {
      queries.setQueryData(['backups', app], (now: object | undefined) => now && { ...now, restore });
      onClose();
    },
  });
  return (
    <Dialog title={t('restore.title')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          restoring.mutate();
        }}
      >
        {restoring.error && <ProblemNotice error={restoring.error} />}
        <p>{t('restore.what', { backup })}</p>
        <p>{t('restore.how')}</p>
        {others.length > 0 && (
          <div className="notice warn" role="status">
            {t('restore.others', { others: others.join(', ') })}
          </div>
        )}
        <TextField
          label={t('restore.confirm', { app })}
          value={confirm}
          onChange={setConfirm}
          autoComplete="off"
          problem={fieldProblem(restoring.error, 'confirm')}
        />
        <div className="dialog-actions">
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" look="danger" disabled={confirm !== app || restoring.isPending}>
            {t('backups.restore')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
