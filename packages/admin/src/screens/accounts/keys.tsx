import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Id, request } from '../../api/api.ts';
import { useDeclaration } from '../../api/declaration.ts';
import { useMayWrite, useSignedIn } from '../../api/session.ts';
import { formatAge, formatInstant, formatNumber, t } from '../../i18n/translate.ts';
import { Bars } from '../../ui/bars.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ProblemNotice, toastProblem } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';

interface Key {
  id: string;
  name: string;
  masked: string;
  scopes: readonly string[] | null;
  active: boolean;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  uses: number;
}

/** The API keys of an account: made with scopes, shown once, rolled, switched off, deleted, with their uses. */
export function Keys({ app, account }: { app: string; account: Id }) {
  const queries = useQueryClient();
  const mayWrite = useMayWrite(app);
  const own = useSignedIn(app).account?.id === account;
  const [shown, setShown] = useState<string>();
  const [isMaking, setMaking] = useState(false);
  const [used, setUsed] = useState<Key>();
  const { data, error } = useQuery({
    queryKey: ['keys', app, String(account)],
    queryFn: () =>
      request<{ items: Key[] }>(
        app,
        'GET',
        `/v1/keys?filter[account]=${encodeURIComponent(account)}&limit=100`,
      ),
  });
  const refresh = () => queries.invalidateQueries({ queryKey: ['keys', app] });
  const act = async (method: string, path: string) => {
    try {
      const answer = await request<{ key?: string } | undefined>(app, method, `/v1/keys/${path}`);
      if (answer?.key) setShown(answer.key);
    } catch (failure) {
      toastProblem(failure);
    }
    await refresh();
  };
  return (
    <section className="related">
      <h3 className="row">
        <span className="grow">{t('keys.title')}</span>
        {mayWrite && (
          <Button icon="plus" onClick={() => setMaking(true)}>
            {t('keys.new')}
          </Button>
        )}
      </h3>
      {error && <ProblemNotice error={error} />}
      <ul>
        {data?.items.map((key) => (
          <li key={key.id} className="row">
            <span className="grow">
              <strong>{key.name || key.masked}</strong>{' '}
              {!key.active && <span className="badge bad">{t('keys.off')}</span>}
              <br />
              <span className="muted">
                <code>{key.masked}</code> · {key.scopes?.join(', ') ?? t('keys.all')} ·{' '}
                {key.last_used_at ? formatAge(key.last_used_at) : t('keys.unused')}
                {key.expires_at && ` · ${t('keys.until', { at: formatInstant(key.expires_at) })}`}
              </span>
            </span>
            <Menu label={`${t('action.more')} ${key.name}`} icon="more" className="plain">
              <MenuItem icon="history" onSelect={() => setUsed(key)}>
                {t('keys.uses')}
              </MenuItem>
              {mayWrite && (
                <>
                  <MenuItem icon="refresh" onSelect={() => void act('POST', `${key.id}:roll`)}>
                    {t('keys.roll')}
                  </MenuItem>
                  <MenuItem
                    icon="key"
                    onSelect={() => void act('POST', `${key.id}:${key.active ? 'deactivate' : 'activate'}`)}
                  >
                    {t(key.active ? 'keys.deactivate' : 'keys.activate')}
                  </MenuItem>
                  <MenuItem icon="trash" isDangerous onSelect={() => void act('DELETE', key.id)}>
                    {t('action.delete')}
                  </MenuItem>
                </>
              )}
            </Menu>
          </li>
        ))}
        {data?.items.length === 0 && <li className="muted">{t('state.none')}</li>}
      </ul>
      {isMaking && (
        <NewKey
          app={app}
          {...(!own && { account })}
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMaking(false);
            setShown(key);
            void refresh();
          }}
        />
      )}
      {shown !== undefined && <ShownOnce text={shown} onClose={() => setShown(undefined)} />}
      {used && <Uses app={app} of={used} onClose={() => setUsed(undefined)} />}
    </section>
  );
}

interface NewKeyProps {
  app: string;
  /** Whose it is; the operator's own where it is left out. */
  account?: Id;
  onMade: (key: string) => void;
  onClose: () => void;
}

function NewKey({ app, account, onMade, onClose }: NewKeyProps) {
  const { scopes } = useDeclaration(app);
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const making = useMutation({
    mutationFn: () => {
      const limited = chosen.length > 0 ? { scopes: chosen } : {};
      const body = { name, ...limited, ...(account !== undefined && { account }) };
      return request<{ key: string }>(app, 'POST', '/v1/keys', { body });
    },
    onSuccess: ({ key }) => onMade(key),
  });
  return (
    <Dialog title={t('keys.new')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          making.mutate();
        }}
      >
        {making.error && <ProblemNotice error={making.error} />}
        <TextField label={t('views.name')} value={name} onChange={setName} autoFocus required />
        <fieldset className="field roles">
          <legend>{t('keys.scopes')}</legend>
          <p className="muted">{t('keys.scopesHint')}</p>
          <div className="scopes">
            {scopes.map((scope) => (
              <label className="row tight" key={scope}>
                <input
                  type="checkbox"
                  checked={chosen.includes(scope)}
                  onChange={({ target }) =>
                    setChosen(target.checked ? [...chosen, scope] : chosen.filter((one) => one !== scope))
                  }
                />
                {scope}
              </label>
            ))}
          </div>
        </fieldset>
        <div className="dialog-actions">
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" look="primary" disabled={making.isPending}>
            {t('action.create')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function ShownOnce({ text, onClose }: { text: string; onClose: () => void }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <Dialog title={t('keys.shown')} onClose={onClose}>
      <p className="muted">{t('keys.shownHint')}</p>
      <pre className="code-block" data-testid="key">
        {text}
      </pre>
      <div className="dialog-actions">
        <Button
          look="primary"
          icon={isCopied ? 'check' : 'copy'}
          onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
        >
          {t(isCopied ? 'action.copied' : 'action.copy')}
        </Button>
      </div>
    </Dialog>
  );
}

const DAY_MS = 86_400_000;
const SHOWN_DAYS = 30;

/** The uses of a key by day, and the last of them. */
function Uses({ app, of, onClose }: { app: string; of: Key; onClose: () => void }) {
  const { data, error } = useQuery({
    queryKey: ['uses', app, of.id],
    queryFn: () =>
      request<{ items: { at: string; method: string; route: string; status: number; source: string }[] }>(
        app,
        'GET',
        `/v1/keys/${of.id}/uses?limit=200`,
      ),
  });
  const uses = data?.items ?? [];
  const first = Math.floor(Date.now() / DAY_MS) - SHOWN_DAYS + 1;
  const days = Array.from({ length: SHOWN_DAYS }, (_, at) => ({
    label: new Date((first + at) * DAY_MS).toISOString().slice(0, 10),
    value: uses.filter((use) => Math.floor(Date.parse(use.at) / DAY_MS) === first + at).length,
  }));
  return (
    <Dialog title={`${t('keys.uses')}: ${of.name || of.masked}`} onClose={onClose} className="wide">
      <p>{t('keys.total', { count: formatNumber(of.uses) })}</p>
      {error && <ProblemNotice error={error} />}
      <Bars label={t('keys.uses')} items={days} />
      <table className="grid-table">
        <tbody>
          {uses.slice(0, 20).map((use) => (
            <tr key={`${use.at} ${use.route}`}>
              <td title={formatInstant(use.at)}>{formatAge(use.at)}</td>
              <td>
                <code>
                  {use.method} {use.route}
                </code>
              </td>
              <td>{use.status}</td>
              <td className="muted">{use.source}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
