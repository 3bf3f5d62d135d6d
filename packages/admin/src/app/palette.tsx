import { useNavigate } from '@tanstack/react-router';
import { useId, useMemo, useState } from 'react';
import { APPS } from '../api/apps.ts';
import type { Declaration } from '../api/declaration.ts';
import { t } from '../i18n/translate.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { toggleTheme } from '../ui/theme.ts';
import { type Command, openCommands } from './commands.ts';
import { SYSTEM_SCREENS } from './navigation.ts';

interface PaletteProps {
  app: string;
  declaration: Declaration;
  onClose: () => void;
}

/** Goes anywhere and does anything by name, without a pointer. */
export function Palette({ app, declaration, onClose }: PaletteProps) {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const all = useMemo<readonly Command[]>(() => {
    const rows = declaration.resources.map(({ name }) => ({
      name,
      icon: 'rows' as const,
      run: () => void navigate({ to: '/$app/rows/$resource', params: { app, resource: name } }),
    }));
    const screens = SYSTEM_SCREENS.map(({ to, label, icon }) => ({
      name: t(label),
      icon,
      run: () => void navigate({ to, params: { app } }),
    }));
    const apps = APPS.filter(({ name }) => name !== app).map(({ name }) => ({
      name: `${t('app.choose')}: ${name}`,
      icon: 'home' as const,
      run: () => void navigate({ to: '/$app', params: { app: name } }),
    }));
    const theme = { name: t('theme.toggle'), icon: 'moon' as const, run: toggleTheme };
    return [...openCommands(), ...rows, ...screens, ...apps, theme];
  }, [app, declaration, navigate]);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
  const chosen = Math.min(at, found.length - 1);
  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    command.run();
  };
  return (
    <Dialog title={t('palette.title')} onClose={onClose} className="palette" bare>
      <input
        className="input"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={found.length > 0 ? `${id}-${chosen}` : undefined}
        aria-label={t('palette.placeholder')}
        placeholder={t('palette.placeholder')}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
          if (step !== 0) {
            event.preventDefault();
            const next = (chosen + step + found.length) % Math.max(1, found.length);
            setAt(next);
            document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: 'nearest' });
          } else if (event.key === 'Enter') run(found[chosen]);
        }}
      />
      <div className="results" id={id} role="listbox" aria-label={t('palette.title')}>
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keys, as a combobox does.
          <div
            key={`${command.name} ${command.icon}`}
            id={`${id}-${index}`}
            className="menu-item"
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onClick={() => run(command)}
          >
            {command.icon && <Icon name={command.icon} />}
            <span className="grow">{command.name}</span>
            {command.keys && <kbd>{command.keys.replace('mod+', 'Ctrl+')}</kbd>}
          </div>
        ))}
        {found.length === 0 && <p className="empty">{t('palette.none')}</p>}
      </div>
    </Dialog>
  );
}
