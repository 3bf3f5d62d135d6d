import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { fieldProblem, request } from '../../api/api.ts';
import { useMayWrite } from '../../api/session.ts';
import { type MessageKey, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { ProblemNotice, toast } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';

interface Sourced<Value> {
  value: Value;
  source: string;
}

export interface BackupSettings {
  to: Sourced<string>;
  at: Sourced<string | null>;
  keep: Sourced<number>;
}

const NEVER = 'never';
const FIELDS = [
  { name: 'at', label: 'backups.at', hint: 'backups.atHint' },
  { name: 'keep', label: 'backups.keep', hint: 'backups.keepHint' },
  { name: 'to', label: 'backups.to', hint: 'backups.toHint' },
] as const satisfies readonly { name: keyof BackupSettings; label: MessageKey; hint: MessageKey }[];

/** When backups are made, how many are kept and where, with the source of each value; an empty one is the server's own again. */
export function BackupSchedule({ app, settings }: { app: string; settings: BackupSettings }) {
  const queries = useQueryClient();
  const mayWrite = useMayWrite(app);
  const [isOpen, setOpen] = useState(false);
  const [texts, setTexts] = useState(() => textsOf(settings));
  const before = textsOf(settings);
  const saving = useMutation({
    mutationFn: () => {
      const changed = FIELDS.filter(({ name }) => texts[name] !== before[name]);
      const body = Object.fromEntries(changed.map(({ name }) => [name, parsed(name, texts[name])]));
      return request(app, 'PATCH', '/v1/admin/backups', { body });
    },
    onSuccess: async () => {
      toast(t('backups.saved'));
      setOpen(false);
      await queries.invalidateQueries({ queryKey: ['backups', app] });
    },
  });
  return (
    <section className="panel stack" aria-label={t('backups.settings')}>
      <div className="row">
        <h2 className="grow">{t('backups.settings')}</h2>
        {mayWrite && !isOpen && <Button onClick={() => setOpen(true)}>{t('backups.change')}</Button>}
      </div>
      <dl className="facts">
        {FIELDS.map(({ name, label }) => (
          <div key={name}>
            <dt>{t(label)}</dt>
            <dd>
              <code>{settings[name].value ?? t('backups.noSchedule')}</code>{' '}
              <span className={`badge ${settings[name].source === 'default' ? '' : 'info'}`}>
                {settings[name].source}
              </span>
            </dd>
          </div>
        ))}
      </dl>
      {isOpen && (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            saving.mutate();
          }}
        >
          {saving.error && <ProblemNotice error={saving.error} />}
          {FIELDS.map(({ name, label, hint }) => (
            <TextField
              key={name}
              label={t(label)}
              hint={t(hint)}
              value={texts[name]}
              type={name === 'keep' ? 'number' : 'text'}
              onChange={(text) => setTexts({ ...texts, [name]: text })}
              problem={fieldProblem(saving.error, name)}
            />
          ))}
          <div className="dialog-actions">
            <Button onClick={() => setOpen(false)}>{t('action.cancel')}</Button>
            <Button type="submit" look="primary" disabled={saving.isPending}>
              {t('action.save')}
            </Button>
          </div>
        </form>
      )}
    </section>
  );
}

function textsOf({ to, at, keep }: BackupSettings): Record<keyof BackupSettings, string> {
  return { to: to.value, at: at.value ?? NEVER, keep: String(keep.value) };
}

function parsed(name: keyof BackupSettings, text: string): string | number | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  return name === 'keep' ? Number(trimmed) : trimmed;
}
