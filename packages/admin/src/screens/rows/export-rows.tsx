import { useState } from 'react';
import { pagesOf, type RowsQuery } from '../../api/api.ts';
import type { DeclaredResource } from '../../api/declaration.ts';
import { formatNumber, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ProblemNotice } from '../../ui/feedback.tsx';
import { toCsv } from './csv.ts';

interface ExportRowsProps {
  app: string;
  resource: DeclaredResource;
  /** The lists that have the rows, one after the other. */
  queries: readonly RowsQuery[];
  onClose: () => void;
}

/** The rows of a view as a file, read page by page. */
export function ExportRows({ app, resource, queries, onClose }: ExportRowsProps) {
  const [count, setCount] = useState<number>();
  const [error, setError] = useState<unknown>();
  const run = async (format: 'csv' | 'ndjson') => {
    setError(undefined);
    const names = [
      'id',
      ...resource.fields.filter(({ editor }) => editor !== 'many').map(({ name }) => name),
    ];
    const parts: string[] = format === 'csv' ? [toCsv([names])] : [];
    try {
      let read = 0;
      for (const query of queries)
        for await (const rows of pagesOf(app, resource.name, query)) {
          for (const row of rows)
            parts.push(
              format === 'csv' ? toCsv([names.map((name) => row[name])]) : `${JSON.stringify(row)}\n`,
            );
          read += rows.length;
          setCount(read);
        }
      save(new Blob(parts), `${resource.name}.${format}`);
      onClose();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <Dialog title={t('rows.export')} onClose={onClose}>
      <p className="muted">{t('export.hint')}</p>
      {error !== undefined && <ProblemNotice error={error} />}
      <div className="dialog-actions">
        <span className="grow" role="status">
          {count !== undefined && t('rows.count', { count: formatNumber(count) })}
        </span>
        <Button onClick={() => void run('ndjson')}>NDJSON</Button>
        <Button look="primary" onClick={() => void run('csv')}>
          CSV
        </Button>
      </div>
    </Dialog>
  );
}

/** Hands a file to the browser. */
function save(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
