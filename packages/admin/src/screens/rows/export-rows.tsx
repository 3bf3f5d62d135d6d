import { useState } from 'react';
import { unwrap } from 'trestle-client';
import { clientOf, type Row, type RowsQuery } from '../../api/api.ts';
import type { DeclaredResource } from '../../api/declaration.ts';
import { formatNumber, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ProblemNotice } from '../../ui/feedback.tsx';
import { toCsv } from './csv.ts';

const PAGE_SIZE = 200;

interface ExportRowsProps {
  app: string;
  resource: DeclaredResource;
  query: RowsQuery;
  onClose: () => void;
}

/** The rows of a view as a file, read page by page. */
export function ExportRows({ app, resource, query, onClose }: ExportRowsProps) {
  const [count, setCount] = useState<number>();
  const [error, setError] = useState<unknown>();
  const run = async (format: 'csv' | 'ndjson') => {
    const rows = clientOf(app).rows[resource.name];
    if (!rows) return;
    setError(undefined);
    const { expand: _, ...plain } = query;
    const names = [
      'id',
      ...resource.fields.filter(({ editor }) => editor !== 'many').map(({ name }) => name),
    ];
    const parts: string[] = format === 'csv' ? [toCsv([names])] : [];
    try {
      let cursor: string | null | undefined;
      let read = 0;
      do {
        const at = cursor ? { cursor } : {};
        const page: { items: Row[]; next: string | null } = unwrap(
          await rows.list({ ...plain, ...at, limit: PAGE_SIZE }),
        );
        for (const row of page.items)
          parts.push(format === 'csv' ? toCsv([names.map((name) => row[name])]) : `${JSON.stringify(row)}\n`);
        read += page.items.length;
        setCount(read);
        cursor = page.next;
      } while (cursor);
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
