import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Problem } from 'trestle-client';
import { problemOf } from '../api/api.ts';
import { createStore, useStore } from '../api/store.ts';
import { t } from '../i18n/translate.ts';
import { Button } from './button.tsx';

interface Toast {
  id: number;
  text: string;
  isBad?: boolean;
  action?: { label: string; run: () => void };
}

const toasts = createStore<readonly Toast[]>([]);
const SHOWN_MS = 6000;
let lastToast = 0;

/** Says that something was done, or why not, without taking the focus. */
export function toast(text: string, options: Omit<Toast, 'id' | 'text'> = {}): void {
  lastToast += 1;
  const id = lastToast;
  toasts.set([...toasts.get().slice(-2), { id, text, ...options }]);
  setTimeout(() => toasts.set(toasts.get().filter((one) => one.id !== id)), SHOWN_MS);
}

export function toastProblem(error: unknown): void {
  toast(sentenceOf(problemOf(error)), { isBad: true });
}

function sentenceOf({ detail, title }: Problem<string>): string {
  return detail || title;
}

export function Toasts() {
  const shown = useStore(toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, isBad, action }) => (
        <div key={id} className={`toast ${isBad ? 'bad' : ''}`}>
          <span>{text}</span>
          {action && <Button onClick={action.run}>{action.label}</Button>}
        </div>
      ))}
    </div>
  );
}

/** A problem of the server, with the id that leads to its line in the log. */
export function ProblemNotice({ error }: { error: unknown }) {
  const problem = problemOf(error);
  return (
    <div className="notice bad" role="alert">
      {sentenceOf(problem)}
      {problem.requestId && (
        <>
          {' '}
          <RequestLink id={problem.requestId} />
        </>
      )}
    </div>
  );
}

/** The id of a request, which leads to its lines in the log. */
function RequestLink({ id }: { id: string }) {
  const app = useParams({ strict: false, select: ({ app }) => app });
  const text = <code>{t('state.request', { id })}</code>;
  if (app === undefined) return text;
  return (
    <Link to="/$app/log" params={{ app }} search={{ request: id }}>
      {text}
    </Link>
  );
}

interface EmptyProps {
  title: string;
  children?: ReactNode;
}

/** A state without rows, and what to do about it. */
export function Empty({ title, children }: EmptyProps) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Empty title={t('state.failed')}>
      <ProblemNotice error={error} />
      {retry && <Button onClick={retry}>{t('action.retry')}</Button>}
    </Empty>
  );
}

export function Loading() {
  return (
    <p className="empty" role="status">
      {t('state.loading')} …
    </p>
  );
}
