import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { APPS } from '../api/apps.ts';
import type { Declaration } from '../api/declaration.ts';
import { sessionQuery, signOut, useSignedIn } from '../api/session.ts';
import { useStore } from '../api/store.ts';
import { chooseLanguage, LANGUAGES, type Language, language, t } from '../i18n/translate.ts';
import { Button } from '../ui/button.tsx';
import { toastProblem } from '../ui/feedback.tsx';
import { Icon } from '../ui/icons.tsx';
import { Menu, MenuItem, MenuLink } from '../ui/menu.tsx';
import { theme, toggleTheme } from '../ui/theme.ts';
import { AppName } from '../ui/wordmark.tsx';
import { SYSTEM_SCREENS } from './navigation.ts';

interface SidebarProps {
  app: string;
  declaration: Declaration;
  onPalette: () => void;
}

export function Sidebar({ app, declaration, onPalette }: SidebarProps) {
  return (
    <nav className="sidebar" aria-label={t('nav.main')}>
      <div className="sidebar-head stack">
        {APPS.length > 1 ? (
          <Menu label={t('app.choose')} className="switcher" text={<AppName name={app} />}>
            {APPS.map(({ name }) => (
              <MenuLink key={name} to="/$app" params={{ app: name }}>
                {name}
              </MenuLink>
            ))}
          </Menu>
        ) : (
          <AppName name={app} />
        )}
        <Button icon="search" className="switcher" keys="Ctrl K" onClick={onPalette}>
          <span className="grow">{t('palette.open')}</span>
        </Button>
      </div>
      <div className="nav">
        <ul>
          <li>
            <Link to="/$app" params={{ app }} activeOptions={{ exact: true }}>
              <Icon name="home" />
              {t('nav.overview')}
            </Link>
          </li>
        </ul>
        <h2>{t('nav.rows')}</h2>
        <ul>
          {declaration.resources.map(({ name }) => (
            <li key={name}>
              <Link
                to="/$app/rows/$resource"
                params={{ app, resource: name }}
                activeOptions={{ includeSearch: false }}
              >
                <Icon name="rows" />
                {name}
              </Link>
            </li>
          ))}
        </ul>
        <h2>{t('nav.system')}</h2>
        <ul>
          {SYSTEM_SCREENS.map(({ to, label, icon }) => (
            <li key={to}>
              <Link to={to} params={{ app }} activeOptions={{ includeSearch: false }}>
                <Icon name={icon} />
                {t(label)}
              </Link>
            </li>
          ))}
        </ul>
      </div>
      <div className="sidebar-foot row tight">
        <AccountMenu app={app} />
      </div>
    </nav>
  );
}

function AccountMenu({ app }: { app: string }) {
  const name = useSignedIn(app).account?.username ?? 'administrator';
  const queries = useQueryClient();
  const current = useStore(theme);
  const end = async () => {
    try {
      await signOut(app);
      queries.removeQueries({
        predicate: ({ queryKey }) => queryKey[1] === app && queryKey[0] !== 'session',
      });
      queries.setQueryData(sessionQuery(app).queryKey, null);
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <>
      <Menu label={t('menu.account', { name })} icon="people" text={name} className="plain grow">
        {Object.entries(LANGUAGES).map(([code, name]) => (
          // Object.entries widens the names of a record to string.
          <MenuItem
            key={code}
            icon={code === language ? 'check' : 'right'}
            onSelect={() => chooseLanguage(code as Language)}
          >
            {name}
          </MenuItem>
        ))}
        <MenuItem icon="close" onSelect={end}>
          {t('session.signOut')}
        </MenuItem>
      </Menu>
      <Button
        look="plain"
        icon={current === 'dark' ? 'sun' : 'moon'}
        label={t(current === 'dark' ? 'theme.light' : 'theme.dark')}
        onClick={toggleTheme}
      />
    </>
  );
}
