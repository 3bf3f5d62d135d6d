import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type Conflict, ProblemError } from 'trestle-client';
import { clientOf, type Id, type Row } from '../../api/api.ts';
import type { DeclaredField, DeclaredResource } from '../../api/declaration.ts';
import { kept } from '../../api/store.ts';
import { hasInvalidText } from '../../fields/editor.ts';

export type Values = Readonly<Record<string, unknown>>;

/** Values typed and not saved yet, and the row that it was typed over. */
interface Draft {
  edits: Values;
  base: Row | undefined;
}

/** Two changes of one row: that of the form, and that of somebody else meanwhile. */
export interface Clash {
  base: Row;
  theirs: Row;
}

export interface RowForm {
  /** The row as it was read; undefined for a new one. */
  base: Row | undefined;
  edits: Values;
  value(field: DeclaredField): unknown;
  set(name: string, value: unknown): void;
  reset(): void;
  /** Problems of the last attempt by field. */
  problems: Readonly<Record<string, string>>;
  error: unknown;
  clash: Clash | undefined;
  /** Goes on over the other change, with these edits. */
  resolve(edits: Values): void;
  save(): void;
  isSaving: boolean;
  isDirty: boolean;
  canSave: boolean;
  /** Whether the form began with what was typed on an earlier visit. */
  isRestored: boolean;
}

interface FormOptions {
  app: string;
  resource: DeclaredResource;
  row: Row | undefined;
  /** Values of a new row, such as those of the one that it is a copy of. */
  initial?: Values;
  onSaved: (row: Row) => void;
}

/** The state of a row that is edited: what changed, against which version, and what was wrong with it. */
export function useRowForm({ app, resource, row, initial = {}, onSaved }: FormOptions): RowForm {
  const queries = useQueryClient();
  const key = `draft/${app}/${resource.name}/${row?.id ?? 'new'}`;
  const [draft] = useState(() => kept.read<Draft>(key));
  const [base, setBase] = useState(row);
  const [edits, setEdits] = useState<Values>(() => ({ ...initial, ...draft?.edits }));
  const [clash, setClash] = useState(() => draftClash(draft, row));
  useEffect(() => {
    const isKept = Object.keys(edits).length > 0 && !hasInvalidText(edits);
    kept.write(key, isKept ? ({ edits, base: clash?.base ?? base } satisfies Draft) : undefined);
  }, [key, edits, base, clash]);
  const saving = useMutation({
    mutationFn: async (): Promise<Row> => {
      const rows = clientOf(app).rows[resource.name];
      if (!rows) throw new Error(resource.name);
      const result = base ? await rows.patch(base.id, patchOf(base, edits)) : await rows.create(edits);
      if (result.ok) return result.value;
      const { problem } = result;
      if (isConflict(problem) && base && problem.theirs) setClash({ base, theirs: problem.theirs });
      throw new ProblemError(problem);
    },
    onSuccess: async (saved) => {
      setEdits({});
      setBase(saved);
      kept.write(key, undefined);
      onSaved(saved);
      queries.setQueryData(rowKey(app, resource.name, saved.id), saved);
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['rows', app] }),
        queries.invalidateQueries({ queryKey: ['history', app, resource.name, String(saved.id)] }),
        queries.invalidateQueries({ queryKey: ['label', app, resource.name, String(saved.id)] }),
      ]);
    },
  });
  const errors = saving.error instanceof ProblemError ? (saving.error.problem.errors ?? []) : [];
  const isDirty = Object.keys(edits).length > 0;
  return {
    base,
    edits,
    value: ({ name, nullable, default: initial }) => {
      if (name in edits) return edits[name];
      if (base) return base[name];
      return initial ?? (nullable ? null : undefined);
    },
    set(name, value) {
      setEdits((now) => {
        const { [name]: _, ...others } = now;
        const isBack = base && JSON.stringify(base[name]) === JSON.stringify(value) && !hasInvalidText(value);
        return isBack ? others : { ...others, [name]: value };
      });
    },
    reset: () => {
      setEdits({});
      setClash(undefined);
      saving.reset();
    },
    problems: Object.fromEntries(
      errors.map(({ pointer, message }) => {
        const [, name = '', rest = ''] = /^\/([^/]*)(.*)$/.exec(pointer) ?? [];
        return [
          name.replaceAll('~1', '/').replaceAll('~0', '~'),
          rest ? `${rest.slice(1)}: ${message}` : message,
        ];
      }),
    ),
    error: saving.error,
    clash,
    resolve(next) {
      if (clash) setBase(clash.theirs);
      setEdits(next);
      setClash(undefined);
      saving.reset();
    },
    save: () => saving.mutate(),
    isSaving: saving.isPending,
    isDirty,
    canSave: (isDirty || !base) && !saving.isPending && !clash && !hasInvalidText(edits),
    isRestored: draft !== undefined && isDirty,
  };
}

/** The key of a row in the cache. */
export function rowKey(app: string, resource: string, id: Id): readonly unknown[] {
  return ['row', app, resource, String(id)];
}

function isConflict(problem: { code: string }): problem is Conflict<Row> {
  return problem.code === 'precondition_failed';
}

/** A draft of an earlier visit, where the row has got another value of one of its fields since. */
function draftClash(draft: Draft | undefined, row: Row | undefined): Clash | undefined {
  const { base, edits = {} } = draft ?? {};
  if (!base || !row) return undefined;
  const isOther = Object.keys(edits).some((name) => JSON.stringify(base[name]) !== JSON.stringify(row[name]));
  return isOther ? { base, theirs: row } : undefined;
}

/** Changes as a merge patch (RFC 7396): a member that is gone is null. */
function patchOf(base: Values, edits: Values): Values {
  return Object.fromEntries(
    Object.entries(edits).map(([name, value]) => [name, mergePatch(base[name], value)]),
  );
}

function mergePatch(from: unknown, to: unknown): unknown {
  if (!isObject(from) || !isObject(to)) return to;
  const gone = Object.keys(from).filter((name) => !(name in to));
  const changed = Object.entries(to).filter(
    ([name, value]) => JSON.stringify(from[name]) !== JSON.stringify(value),
  );
  return Object.fromEntries([
    ...gone.map((name) => [name, null] as const),
    ...changed.map(([name, value]) => [name, mergePatch(from[name], value)] as const),
  ]);
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
