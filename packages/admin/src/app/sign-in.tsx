import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { expired, fieldProblem, problemOf } from '../api/api.ts';
import { APPS } from '../api/apps.ts';
import { sessionQuery, setUp, signIn } from '../api/session.ts';
import { useStore } from '../api/store.ts';
import { t } from '../i18n/translate.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { ProblemNotice } from '../ui/feedback.tsx';
import { TextField } from '../ui/field.tsx';
import { Mark } from '../ui/wordmark.tsx';

const SETUP_KEY = 'trestle:setup';

/**
 * The token of a one-time link, `/admin/#setup=TOKEN`, which makes an operator in each app. It leaves the address at once, and is
 * kept for this tab until every app has its operator.
 */
const setupToken = /^#setup=(.+)$/.exec(location.hash)?.[1] ?? sessionStorage.getItem(SETUP_KEY) ?? undefined;
if (location.hash.startsWith('#setup=')) {
  sessionStorage.setItem(SETUP_KEY, setupToken ?? '');
  history.replaceState(history.state, '', location.pathname);
}

/** The whole page of somebody who is not signed in: sign-in, or the making of the first administrator. */
export function SignInPage({ app }: { app: string }) {
  const [isSetup, setSetup] = useState(setupToken !== undefined);
  return (
    <main className="sign-in">
      <Mark />
      {isSetup && setupToken !== undefined ? (
        <div className="stack">
          <SetupForm app={app} token={decodeURIComponent(setupToken)} />
          <Button look="plain" onClick={() => setSetup(false)}>
            {t('session.instead')}
          </Button>
        </div>
      ) : (
        <SignInForm app={app} title={<h1>{t('session.title', { app })}</h1>} hint={t('session.hint')} />
      )}
    </main>
  );
}

/** Sign-in over the screen that is open, where the session has ended. */
export function SignInAgain() {
  const waiting = useStore(expired);
  if (!waiting) return null;
  const { app, resume } = waiting;
  return (
    <Dialog title={t('session.title', { app })} onClose={() => undefined}>
      <SignInForm
        app={app}
        hint={t('session.expired')}
        onDone={() => {
          expired.set(undefined);
          resume();
        }}
      />
    </Dialog>
  );
}

interface SignInFormProps {
  app: string;
  title?: ReactNode;
  hint: string;
  onDone?: () => void;
}

function SignInForm({ app, title, hint, onDone }: SignInFormProps) {
  const queries = useQueryClient();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const signing = useMutation({
    mutationFn: () => signIn(app, username, password),
    onSuccess: (session) => {
      queries.setQueryData(sessionQuery(app).queryKey, session);
      onDone?.();
    },
  });
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        signing.mutate();
      }}
    >
      {title}
      <p className="muted">{hint}</p>
      {signing.error && <ProblemNotice error={signing.error} />}
      <TextField
        label={t('session.username')}
        value={username}
        onChange={setUsername}
        autoComplete="username"
        autoFocus
        required
      />
      <TextField
        label={t('session.password')}
        type="password"
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        required
      />
      <Button type="submit" look="primary" disabled={signing.isPending}>
        {t('session.signIn')}
      </Button>
    </form>
  );
}

/** Problems by field, of the fields beside name and password that an app's accounts need. */
function otherFields(error: unknown): string[] {
  const names = problemOf(error).errors?.map(({ pointer }) => pointer.slice(1)) ?? [];
  return names.filter((name) => !['', 'username', 'password', 'token'].includes(name));
}

/** Makes the first operator of this app, and of the others that have none yet and take the same. */
function SetupForm({ app, token }: { app: string; token: string }) {
  const queries = useQueryClient();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [needed, setNeeded] = useState<readonly string[]>([]);
  const [others, setOthers] = useState<Readonly<Record<string, string>>>({});
  const making = useMutation({
    mutationFn: () => setUp(app, { token, username, password, ...others }),
    onSuccess: async (session) => {
      let isDone = true;
      for (const { name } of APPS)
        if (name !== app) {
          // An app that wants more than this, or has an operator, says so when it is opened.
          const made = await setUp(name, { token, username, password, ...others }).catch(() => undefined);
          if (made) queries.setQueryData(sessionQuery(name).queryKey, made);
          else isDone = false;
        }
      if (isDone) sessionStorage.removeItem(SETUP_KEY);
      queries.setQueryData(sessionQuery(app).queryKey, session);
    },
    onError: (error) => setNeeded([...new Set([...needed, ...otherFields(error)])]),
  });
  const problemAt = (name: string) => fieldProblem(making.error, name);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        making.mutate();
      }}
    >
      <h1>{t('session.setup', { app })}</h1>
      <p className="muted">{t('session.setupHint')}</p>
      {making.error && <ProblemNotice error={making.error} />}
      <TextField
        label={t('session.username')}
        value={username}
        onChange={setUsername}
        problem={problemAt('username')}
        autoComplete="username"
        autoFocus
        required
      />
      <TextField
        label={t('session.password')}
        type="password"
        value={password}
        onChange={setPassword}
        problem={problemAt('password')}
        autoComplete="new-password"
        required
      />
      {needed.map((name) => (
        <TextField
          key={name}
          label={name}
          value={others[name] ?? ''}
          problem={problemAt(name)}
          onChange={(value) => setOthers({ ...others, [name]: value })}
        />
      ))}
      <Button type="submit" look="primary" disabled={making.isPending}>
        {t('session.create')}
      </Button>
    </form>
  );
}
