import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Row, request } from '../../api/api.ts';
import { useDeclaration } from '../../api/declaration.ts';
import { useMayWrite } from '../../api/session.ts';
import { Value } from '../../fields/registry.tsx';
import { formatInstant, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm, Dialog } from '../../ui/dialog.tsx';
import { Drawer } from '../../ui/drawer.tsx';
import { Failed, Loading, ProblemNotice, toast, toastProblem } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { Cascade } from '../row/cascade.tsx';
import { Keys } from './keys.tsx';
import { Roles } from './new-account.tsx';
import { Sessions } from './sessions.tsx';
import { ViewAs } from './view-as.tsx';

interface AccountDrawerProps {
  app: string;
  id: string;
  onClose: () => void;
}

type Asking = 'password' | 'delete';

/** One account: roles, state, password, sessions, keys. */
export function AccountDrawer({ app, id, onClose }: AccountDrawerProps) {
  const queries = useQueryClient();
  const { roles, accounts } = useDeclaration(app);
  const mayWrite = useMayWrite(app);
  const [asking, setAsking] = useState<Asking>();
  const path = `/v1/accounts/${encodeURIComponent(id)}`;
  const { data: found, error } = useQuery({
    queryKey: ['rows', app, 'accounts', 'one', id],
    // The list has the roles and the state, which the account itself does not show.
    queryFn: async () => {
      const { items } = await request<{ items: Row[] }>(
        app,
        'GET',
        `/v1/accounts?filter[id]=${encodeURIComponent(id)}`,
      );
      return items[0] ?? null;
    },
  });
  const refresh = () => queries.invalidateQueries({ queryKey: ['rows', app, 'accounts'] });
  const acting = useMutation({
    mutationFn: (act: { verb: string; body?: unknown }) =>
      request(app, 'POST', `${path}:${act.verb}`, act.body === undefined ? {} : { body: act.body }),
    onSuccess: async (_, { verb }) => {
      toast(t('steps.done', { step: verb }));
      setAsking(undefined);
      await refresh();
      await queries.invalidateQueries({ queryKey: ['sessions', app] });
    },
    onError: toastProblem,
  });
  const facts = accounts.fields.filter(({ name }) => !['username', 'roles', 'disabled_at'].includes(name));
  return (
    <Drawer
      label={t('menu.account', { name: String(found?.username ?? id) })}
      title={String(found?.username ?? id)}
      onClose={onClose}
    >
      {error && <Failed error={error} />}
      {found === undefined && !error && <Loading />}
      {found && (
        <>
          <dl className="facts">
            <div>
              <dt>id</dt>
              <dd>
                <code>{String(found.id)}</code>
              </dd>
            </div>
            {facts.map((field) => (
              <div key={field.name}>
                <dt>{field.name}</dt>
                <dd>
                  <Value app={app} field={field} value={found[field.name]} />
                </dd>
              </div>
            ))}
            {typeof found.disabled_at === 'string' && (
              <div>
                <dt>{t('accounts.disabled')}</dt>
                <dd>{formatInstant(found.disabled_at)}</dd>
              </div>
            )}
          </dl>
          <Roles
            roles={roles}
            given={[found.roles].flat().map(String)}
            isReadOnly={!mayWrite || acting.isPending}
            onChange={(given) => acting.mutate({ verb: 'set-roles', body: { roles: given } })}
          />
          <div className="row">
            <ViewAs app={app} id={found.id} name={String(found.username)} />
            {mayWrite && (
              <>
                {accounts.password !== null && (
                  <Button icon="key" onClick={() => setAsking('password')}>
                    {t('accounts.setPassword')}
                  </Button>
                )}
                <Button onClick={() => acting.mutate({ verb: found.disabled_at ? 'enable' : 'disable' })}>
                  {t(found.disabled_at ? 'accounts.enable' : 'accounts.disable')}
                </Button>
                <Button icon="trash" look="danger" onClick={() => setAsking('delete')}>
                  {t('action.delete')}
                </Button>
              </>
            )}
          </div>
          <Sessions app={app} account={found.id} />
          <Keys app={app} account={found.id} />
        </>
      )}
      {asking === 'password' && (
        <SetPassword
          isBusy={acting.isPending}
          onSet={(password) => acting.mutate({ verb: 'reset-password', body: { password } })}
          onClose={() => setAsking(undefined)}
        />
      )}
      {asking === 'delete' && found && (
        <DeleteAccount app={app} account={found} onClose={() => setAsking(undefined)} onGone={onClose} />
      )}
    </Drawer>
  );
}

interface SetPasswordProps {
  isBusy: boolean;
  onSet: (password: string) => void;
  onClose: () => void;
}

function SetPassword({ isBusy, onSet, onClose }: SetPasswordProps) {
  const [password, setPassword] = useState('');
  return (
    <Dialog title={t('accounts.setPassword')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          onSet(password);
        }}
      >
        <p className="muted">{t('accounts.passwordHint')}</p>
        <TextField
          label={t('session.password')}
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
          autoFocus
          required
        />
        <div className="dialog-actions">
          <Button type="submit" look="primary" disabled={isBusy}>
            {t('accounts.setPassword')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface DeleteAccountProps {
  app: string;
  account: Row;
  onClose: () => void;
  onGone: () => void;
}

function DeleteAccount({ app, account, onClose, onGone }: DeleteAccountProps) {
  const queries = useQueryClient();
  const deleting = useMutation({
    mutationFn: () => request(app, 'DELETE', `/v1/accounts/${encodeURIComponent(account.id)}`),
    onSuccess: async () => {
      toast(t('row.deleted', { id: String(account.username) }));
      onGone();
      await queries.invalidateQueries({ queryKey: ['rows', app, 'accounts'] });
    },
  });
  return (
    <Confirm
      title={t('row.deleteTitle', { id: String(account.username) })}
      action={t('action.delete')}
      isDangerous
      isBusy={deleting.isPending}
      onConfirm={() => deleting.mutate()}
      onClose={onClose}
    >
      {deleting.error && <ProblemNotice error={deleting.error} />}
      <Cascade app={app} resource="accounts" id={account.id} />
    </Confirm>
  );
}
