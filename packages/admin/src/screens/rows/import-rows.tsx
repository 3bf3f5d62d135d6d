import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FieldError } from 'trestle/contract';
import { ProblemError } from 'trestle-client';
import { problemOf, request } from '../../api/api.ts';
import type { DeclaredField, DeclaredResource } from '../../api/declaration.ts';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ProblemNotice, toast } from '../../ui/feedback.tsx';
import { parseCsv } from './csv.ts';

/** Rows that one request takes. */
const MAX_ROWS = 1000;
const SHOWN = 20;

interface Line {
  line: number;
  body: Readonly<Record<string, unknown>>;
}

interface Wrong {
  line: number;
  message: string;
}

interface ImportRowsProps {
  app: string;
  resource: DeclaredResource;
  onClose: () => void;
}

/** New rows from a file: shown first, tried without writing, then written. */
export function ImportRows({ app, resource, onClose }: ImportRowsProps) {
  const queries = useQueryClient();
  const [lines, setLines] = useState<readonly Line[]>();
  const [wrong, setWrong] = useState<readonly Wrong[]>([]);
  const writable = resource.fields.filter(({ may }) => may.create);
  const send = async (isTrial: boolean) => {
    const all = lines ?? [];
    const found: Wrong[] = [];
    for (let at = 0; at < all.length; at += MAX_ROWS)
      found.push(...(await sendPortion({ app, resource, isTrial, portion: all.slice(at, at + MAX_ROWS) })));
    setWrong(found);
    if (found.length === 0) return all.length;
    const detail = t('import.wrong', { count: found.length });
    throw new ProblemError({ code: 'invalid', status: 422, title: detail, detail });
  };
  const trial = useMutation({ mutationFn: () => send(true) });
  const writing = useMutation({
    mutationFn: () => send(false),
    onSuccess: async (count) => {
      toast(t('import.done', { count }));
      onClose();
      await queries.invalidateQueries({ queryKey: ['rows', app] });
    },
  });
  const open = async (file: File | undefined) => {
    if (!file) return;
    trial.reset();
    setWrong([]);
    try {
      setLines(linesOf(await file.text(), writable));
    } catch (error) {
      setLines([]);
      setWrong([{ line: 0, message: problemOf(error).detail }]);
      return;
    }
  };
  const names = [...new Set(lines?.flatMap(({ body }) => Object.keys(body)) ?? [])];
  const error = writing.error ?? trial.error;
  return (
    <Dialog title={t('rows.import')} onClose={onClose} className="wide">
      <p className="muted">{t('import.hint', { fields: writable.map(({ name }) => name).join(', ') })}</p>
      <input
        type="file"
        accept=".csv,.ndjson,.jsonl,.json"
        aria-label={t('import.file')}
        onChange={({ target }) => void open(target.files?.[0])}
      />
      {lines && lines.length > 0 && (
        <div className="scroll-x import-preview" tabIndex={0} role="region" aria-label={t('import.preview')}>
          <table className="grid-table">
            <thead>
              <tr>
                <th>{t('import.line')}</th>
                {names.map((name) => (
                  <th key={name}>{name}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {lines.slice(0, SHOWN).map(({ line, body }) => (
                <tr key={line}>
                  <td className="muted">{line}</td>
                  {names.map((name) => (
                    <td key={name}>{cellText(body[name])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {error && <ProblemNotice error={error} />}
      {wrong.slice(0, SHOWN).map(({ line, message }) => (
        <p className="error-text" key={`${line} ${message}`}>
          {line > 0 && `${t('import.line')} ${line}: `}
          {message}
        </p>
      ))}
      <div className="dialog-actions">
        <span className="grow" role="status">
          {trial.isSuccess
            ? t('import.fits', { count: trial.data })
            : lines && t('import.read', { count: lines.length })}
        </span>
        <Button disabled={!lines?.length || trial.isPending} onClick={() => trial.mutate()}>
          {t('import.try')}
        </Button>
        <Button
          look="primary"
          disabled={!lines?.length || writing.isPending}
          onClick={() => writing.mutate()}
        >
          {t('import.write')}
        </Button>
      </div>
    </Dialog>
  );
}

/** A value of the file as it is shown: a text as it is, anything else as JSON. */
function cellText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

interface Portion extends Pick<ImportRowsProps, 'app' | 'resource'> {
  portion: readonly Line[];
  isTrial: boolean;
}

/** Sends rows of a file, all or none; a trial writes nothing. Answers what is wrong with them. */
async function sendPortion({ app, resource, portion, isTrial }: Portion): Promise<Wrong[]> {
  const path = `/v1/${resource.name}:createMany${isTrial ? '?dry_run=true' : ''}`;
  try {
    await request(app, 'POST', path, { body: { items: portion.map(({ body }) => body) } });
    return [];
  } catch (error) {
    const { errors } = problemOf(error);
    if (!errors || errors.length === 0) throw error;
    return errors.map((one) => wrongLine(one, portion));
  }
}

/** An error of `/items/3/title` at the line of that row. */
function wrongLine({ pointer, message }: FieldError, portion: readonly Line[]): Wrong {
  const [, at, rest = ''] = /^\/items\/(\d+)(.*)$/.exec(pointer) ?? [];
  const line = at === undefined ? 0 : (portion[Number(at)]?.line ?? 0);
  return { line, message: `${rest.replace(/^\//, '')} ${message}`.trim() };
}

/** The rows of a file: JSON lines, a JSON array, or CSV under a line of names. */
function linesOf(text: string, fields: readonly DeclaredField[]): Line[] {
  const start = text.trimStart();
  if (start.startsWith('[')) {
    const all: object[] = JSON.parse(text);
    return all.map((body, at) => ({ line: at + 1, body: { ...body } }));
  }
  if (start.startsWith('{'))
    return text.split('\n').flatMap((line, at) => {
      if (line.trim() === '') return [];
      try {
        return { line: at + 1, body: JSON.parse(line) };
      } catch (error) {
        throw new SyntaxError(`${t('import.line')} ${at + 1}: ${problemOf(error).detail}`);
      }
    });
  const [head, ...records] = parseCsv(text);
  const names = head?.cells ?? [];
  return records.map(({ line, cells }) => ({
    line,
    body: Object.fromEntries(
      names.flatMap((name, at) => {
        const cell = cells[at];
        if (name === undefined || cell === undefined) return [];
        return [
          [
            name,
            cellValue(
              cell,
              fields.find((field) => field.name === name),
            ),
          ],
        ];
      }),
    ),
  }));
}

const AS_JSON: ReadonlySet<string> = new Set(['number', 'checkbox', 'json', 'list', 'object', 'references']);

/** The value of a cell; what is none stays text, for the server to refuse. */
function cellValue(cell: string, field: DeclaredField | undefined): unknown {
  const isJson =
    field && (AS_JSON.has(field.editor) || [field.schema.type].flat().some((type) => type === 'integer'));
  if (!isJson) return cell;
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}
