import { useState } from 'react';
import { queryString } from 'trestle-client';
import { type RowsQuery, urlOf } from '../../api/api.ts';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';

interface ApiExamplesProps {
  app: string;
  resource: string;
  query: RowsQuery;
  onClose: () => void;
}

/** The request of the view that is shown, ready to be copied. */
export function ApiExamples({ app, resource, query, onClose }: ApiExamplesProps) {
  const address = urlOf(app, `/v1/${resource}${queryString(query)}`);
  const member = /^[a-z_$][\w$]*$/i.test(resource) ? `.${resource}` : `['${resource}']`;
  const examples = {
    curl: `curl -g -H "Authorization: Bearer $TOKEN" \\\n  '${address.replaceAll("'", '%27')}'`,
    TypeScript: [
      "import { createClient, unwrap } from 'trestle-client';",
      "import type app from './app.ts';",
      '',
      `const client = createClient<typeof app>({ url: '${urlOf(app, '')}', key });`,
      `const page = unwrap(await client.rows${member}.list(${JSON.stringify(query, undefined, 2)}));`,
    ].join('\n'),
    Python: [
      'import json, os, urllib.request',
      '',
      'request = urllib.request.Request(',
      `    ${JSON.stringify(address)},`,
      "    headers={'Authorization': f\"Bearer {os.environ['TOKEN']}\"},",
      ')',
      'with urllib.request.urlopen(request) as response:',
      '    page = json.load(response)',
    ].join('\n'),
  };
  const [shown, setShown] = useState<keyof typeof examples>('curl');
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(examples[shown]);
    setCopied(true);
  };
  return (
    <Dialog title={t('rows.api')} onClose={onClose} className="wide">
      <div className="row">
        {Object.keys(examples).map((name) => (
          <Button
            key={name}
            aria-pressed={name === shown}
            look={name === shown ? 'primary' : 'plain'}
            onClick={() => {
              // Object.keys widens the names to string.
              setShown(name as keyof typeof examples);
              setCopied(false);
            }}
          >
            {name}
          </Button>
        ))}
        <span className="grow" />
        <Button icon={isCopied ? 'check' : 'copy'} onClick={() => void copy()}>
          {t(isCopied ? 'action.copied' : 'action.copy')}
        </Button>
      </div>
      <pre className="code-block" tabIndex={0}>
        {examples[shown]}
      </pre>
    </Dialog>
  );
}
