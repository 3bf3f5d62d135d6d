import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { request } from '../../api/api.ts';
import { type DeclaredResource, useDeclaration } from '../../api/declaration.ts';
import { labelOf } from '../../api/labels.ts';
import { useMayWrite } from '../../api/session.ts';
import { Value } from '../../fields/registry.tsx';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Drawer } from '../../ui/drawer.tsx';
import { Failed, Loading, ProblemNotice, toast } from '../../ui/feedback.tsx';
import { useRow } from './use-row.ts';

interface DeletedRowProps {
  app: string;
  resource: DeclaredResource;
  id: string;
  onClose: () => void;
}

/** A row that was deleted, as it would come back. */
export function DeletedRow({ app, resource, id, onClose }: DeletedRowProps) {
  const declaration = useDeclaration(app);
  const mayWrite = useMayWrite(app);
  const queries = useQueryClient();
  const { data: row, error, refetch } = useRow(app, resource.name, id, true);
  const path = `/v1/${resource.name}/${encodeURIComponent(id)}:restore`;
  // Everything but the commit: a unique value may have been taken meanwhile.
  const trial = useQuery({
    queryKey: ['restorable', app, resource.name, id],
    queryFn: () => request(app, 'POST', `${path}?dry_run=true`),
    enabled: mayWrite,
    gcTime: 0,
  });
  const restoring = useMutation({
    mutationFn: () => request(app, 'POST', path),
    onSuccess: async () => {
      toast(t('row.isRestored', { id }));
      onClose();
      await queries.invalidateQueries({ queryKey: ['rows', app] });
    },
  });
  return (
    <Drawer
      label={`${resource.name} ${id}`}
      title={row ? labelOf(declaration, resource.name, row) : id}
      hint={`${resource.name} ${id}`}
      onClose={onClose}
    >
      {error ? (
        <Failed error={error} retry={() => void refetch()} />
      ) : row ? (
        <>
          <div className="notice warn">{t('row.isDeleted')}</div>
          {(restoring.error ?? trial.error) && <ProblemNotice error={restoring.error ?? trial.error} />}
          <dl className="facts">
            {resource.fields
              .filter(({ name }) => row[name] !== undefined)
              .map((field) => (
                <div key={field.name}>
                  <dt>{field.name}</dt>
                  <dd>
                    <Value {...{ app, field }} value={row[field.name]} />
                  </dd>
                </div>
              ))}
          </dl>
          {mayWrite && (
            <div className="save-bar">
              <Button
                look="primary"
                icon="history"
                disabled={!trial.isSuccess || restoring.isPending}
                onClick={() => restoring.mutate()}
              >
                {t('row.restore')}
              </Button>
            </div>
          )}
        </>
      ) : (
        <Loading />
      )}
    </Drawer>
  );
}
