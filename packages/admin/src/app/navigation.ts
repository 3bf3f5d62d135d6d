import type { MessageKey } from '../i18n/translate.ts';
import type { IconName } from '../ui/icons.tsx';

interface Screen {
  to: '/$app/accounts' | '/$app/jobs' | '/$app/declaration' | '/$app/server' | '/$app/log' | '/$app/audit';
  label: MessageKey;
  icon: IconName;
}

/** The screens of every app, beside those of its resources. */
export const SYSTEM_SCREENS: readonly Screen[] = [
  { to: '/$app/accounts', label: 'nav.accounts', icon: 'people' },
  { to: '/$app/jobs', label: 'nav.jobs', icon: 'jobs' },
  { to: '/$app/declaration', label: 'nav.declaration', icon: 'schema' },
  { to: '/$app/server', label: 'nav.server', icon: 'server' },
  { to: '/$app/log', label: 'server.logs', icon: 'log' },
  { to: '/$app/audit', label: 'nav.audit', icon: 'audit' },
];
