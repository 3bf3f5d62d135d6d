import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { expired } from '../api/api.ts';
import { sessionQuery, setUp, signIn } from '../api/session.ts';
import { useStore } from '../api/store.ts';
import { t } from '../i18n/translate.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { ProblemNotice } from '../ui/feedback.tsx';
import { TextField } from '../ui/field.tsx';

/** The token of a one-time link, `/admin/#setup=TOKEN`. */
const SETUP = /^#setup=(.+)$/;

/** The whole page of somebody who is not signed in: sign-in, or the making of the first administrator. */
export function SignInPage({ app }: { app: string }) {
  const token = SETUP.exec(location.hash)?.[1];
  return (
    <main className="sign-in">
      {token === undefined ? (
        <SignInForm app={app} title={<h1>{t('session.title', { app })}</h1>} hint={t('session.hint')} />
      ) : (
        <SetupForm app={app} token={decodeURIComponent(token)} />
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

function SetupForm({ app, token }: { app: string; token: string }) {
  const queries = useQueryClient();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const making = useMutation({
    mutationFn: () => setUp(app, { token, username, password }),
    onSuccess: (session) => {
      history.replaceState(history.state, '', location.pathname);
      queries.setQueryData(sessionQuery(app).queryKey, session);
    },
  });
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
        autoComplete="username"
        autoFocus
        required
      />
      <TextField
        label={t('session.password')}
        type="password"
        value={password}
        onChange={setPassword}
        autoComplete="new-password"
        required
      />
      <Button type="submit" look="primary" disabled={making.isPending}>
        {t('session.create')}
      </Button>
    </form>
  );
}
