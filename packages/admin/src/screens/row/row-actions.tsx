import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ProblemError } from 'trestle-client';
import { clientOf, type Row, request } from '../../api/api.ts';
import { type DeclaredResource, useDeclaration } from '../../api/declaration.ts';
import { labelOf } from '../../api/labels.ts';
import { useMayWrite } from '../../api/session.ts';
import { t } from '../../i18n/translate.ts';
import { Confirm } from '../../ui/dialog.tsx';
import { ProblemNotice, toast, toastProblem } from '../../ui/feedback.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { ApiExamples } from '../examples/api-examples.tsx';
import { Cascade } from './cascade.tsx';
import { rowKey } from './row-form.ts';

interface RowActionsProps {
  app: string;
  resource: DeclaredResource;
  row: Row;
  onGone: () => void;
  onCopy: () => void;
}

export function RowActions({ app, resource, row, onGone, onCopy }: RowActionsProps) {
  const queries = useQueryClient();
  const declaration = useDeclaration(app);
  const mayWrite = useMayWrite(app);
  const [isDeleting, setDeleting] = useState(false);
  const [hasExamples, setExamples] = useState(false);
  const refreshRows = () => queries.invalidateQueries({ queryKey: ['rows', app] });
  const restore = async () => {
    try {
      await request(app, 'POST', `/v1/${resource.name}/${encodeURIComponent(row.id)}:restore`);
      await refreshRows();
    } catch (error) {
      toastProblem(error);
    }
  };
  const deleting = useMutation({
    mutationFn: async () => {
      const result = await clientOf(app).rows[resource.name]?.delete(row.id);
      if (result && !result.ok) throw new ProblemError(result.problem);
    },
    onSuccess: async () => {
      const undo = { label: t('action.undo'), run: () => void restore() };
      toast(t('row.deleted', { id: String(row.id) }), resource.softDelete ? { action: undo } : {});
      onGone();
      await refreshRows();
    },
  });
  return (
    <>
      <Menu label={t('action.more')} icon="more" className="plain">
        <MenuItem
          icon="refresh"
          onSelect={() => void queries.refetchQueries({ queryKey: rowKey(app, resource.name, row.id) })}
        >
          {t('action.refresh')}
        </MenuItem>
        <MenuItem
          icon="copy"
          onSelect={() => void navigator.clipboard?.writeText(JSON.stringify(row, undefined, 2))}
        >
          {t('row.copyJson')}
        </MenuItem>
        <MenuItem icon="code" onSelect={() => setExamples(true)}>
          {t('rows.api')}
        </MenuItem>
        {mayWrite && (
          <>
            {resource.may.create && (
              <MenuItem icon="plus" onSelect={onCopy}>
                {t('row.duplicate')}
              </MenuItem>
            )}
            {resource.may.delete && (
              <MenuItem icon="trash" isDangerous onSelect={() => setDeleting(true)}>
                {t('action.delete')}
              </MenuItem>
            )}
          </>
        )}
      </Menu>
      {hasExamples && (
        <ApiExamples {...{ app, resource, row }} query={{}} first="read" onClose={() => setExamples(false)} />
      )}
      {isDeleting && (
        <Confirm
          title={t('row.deleteTitle', { id: labelOf(declaration, resource.name, row) })}
          action={t('action.delete')}
          isDangerous
          isBusy={deleting.isPending}
          onConfirm={() => deleting.mutate()}
          onClose={() => setDeleting(false)}
        >
          {deleting.error && <ProblemNotice error={deleting.error} />}
          <Cascade app={app} resource={resource.name} id={row.id} />
        </Confirm>
      )}
    </>
  );
}
