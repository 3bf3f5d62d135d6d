import { useState } from 'react';
import { type Row, type RowsQuery, urlOf } from '../../api/api.ts';
import type { DeclaredResource } from '../../api/declaration.ts';
import { type MessageKey, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { exampleCode, exampleRequests, LANGUAGES } from './examples.ts';

interface ApiExamplesProps {
  app: string;
  resource: DeclaredResource;
  query: RowsQuery;
  /** The row that is shown, or the first of the list. */
  row: Row | undefined;
  /** The name of the request that is shown first. */
  first: 'list' | 'read';
  onClose: () => void;
}

/** The requests of the view or row that is shown, ready to be copied. */
export function ApiExamples({ app, resource, query, row, first, onClose }: ApiExamplesProps) {
  const requests = exampleRequests({ resource, query, row });
  const [name, setName] = useState<string>(first);
  const [language, setLanguage] = useState<(typeof LANGUAGES)[number]>('curl');
  const [copied, setCopied] = useState<string>();
  const request = requests.find((one) => one.name === name);
  const code = request ? exampleCode(language, request, urlOf(app, '')) : '';
  const copy = async () => {
    await navigator.clipboard.writeText(code);
    setCopied(code);
  };
  return (
    <Dialog title={t('rows.api')} onClose={onClose} className="wide">
      <div className="row">
        <select
          className="input"
          aria-label={t('examples.request')}
          value={name}
          onChange={({ target }) => setName(target.value)}
        >
          {requests.map((one) => (
            <option key={one.name} value={one.name}>
              {labelOf(one.name)}
            </option>
          ))}
        </select>
        <span className="segments" role="group" aria-label={t('examples.language')}>
          {LANGUAGES.map((one) => (
            <Button key={one} look="plain" aria-pressed={one === language} onClick={() => setLanguage(one)}>
              {one}
            </Button>
          ))}
        </span>
        <span className="grow" />
        <Button icon={copied === code ? 'check' : 'copy'} onClick={() => void copy()}>
          {t(copied === code ? 'action.copied' : 'action.copy')}
        </Button>
      </div>
      <pre className="code-block" tabIndex={0}>
        {code}
      </pre>
      <p className="muted">{t('examples.token')}</p>
    </Dialog>
  );
}

const LABELS: Readonly<Record<string, MessageKey>> = {
  list: 'examples.list',
  read: 'examples.read',
  create: 'examples.create',
  change: 'examples.change',
  delete: 'examples.delete',
};

/** A request in words; steps have their own names. */
function labelOf(name: string): string {
  const key = LABELS[name];
  return key ? t(key) : name;
}
