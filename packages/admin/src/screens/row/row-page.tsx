import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useDeclaration, useResource } from '../../api/declaration.ts';
import { labelOf } from '../../api/labels.ts';
import { Failed, Loading } from '../../ui/feedback.tsx';
import { RowActions } from './row-actions.tsx';
import { RowContent } from './row-drawer.tsx';
import { useRow } from './use-row.ts';

/** One row on a page of its own. */
export function RowPage() {
  const { app, resource: name, id } = useParams({ from: '/$app/rows/$resource/$id' });
  const navigate = useNavigate();
  const declaration = useDeclaration(app);
  const resource = useResource(app, name);
  const { data: row, error, refetch } = useRow(app, name, id);
  const toList = (open?: string) =>
    void navigate({
      to: '/$app/rows/$resource',
      params: { app, resource: name },
      search: open ? { open } : {},
    });
  return (
    <div className="page">
      <div className="page-head">
        <h1 className="grow">
          <Link to="/$app/rows/$resource" params={{ app, resource: name }}>
            {name}
          </Link>
          <span className="muted">/</span>
          {row ? labelOf(declaration, name, row) : id}
          <span className="muted mono">{id}</span>
        </h1>
        {row && (
          <RowActions {...{ app, resource, row }} onGone={() => toList()} onCopy={() => toList('new')} />
        )}
      </div>
      <div className="page-body row-page">
        {error ? (
          <Failed error={error} retry={() => void refetch()} />
        ) : row ? (
          <RowContent {...{ app, resource, row }} />
        ) : (
          <Loading />
        )}
      </div>
    </div>
  );
}
