import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { unwrap } from 'trestle-client';
import { clientOf, type Row } from '../../api/api.ts';
import {
  type Declaration,
  type DeclaredField,
  type DeclaredResource,
  useDeclaration,
} from '../../api/declaration.ts';
import { labelOf } from '../../api/labels.ts';
import { t } from '../../i18n/translate.ts';

const SHOWN = 5;

interface ChildrenProps {
  app: string;
  resource: Pick<DeclaredResource, 'name'>;
  row: Row;
}

export interface Referrer {
  name: string;
  field: string;
  /** The field has several ids. */
  has: boolean;
  onDelete: DeclaredField['onDelete'];
}

/** Resources with a field that refers to a resource, and that field. */
export function referrersOf(declaration: Declaration, resource: string): Referrer[] {
  return declaration.resources.flatMap(({ name, fields }) =>
    fields
      .filter(
        ({ resource: target, computed, operators }) =>
          target === resource && !computed && operators.length > 0,
      )
      .map((field) => ({
        name,
        field: field.name,
        has: field.editor === 'references',
        onDelete: field.onDelete,
      })),
  );
}

/** The rows that refer to a row, a few of each kind and the way to all of them. */
export function Children({ app, resource, row }: ChildrenProps) {
  const declaration = useDeclaration(app);
  return referrersOf(declaration, resource.name).map(({ name, field, has }) => (
    <Related key={`${name}.${field}`} {...{ app, row, name, field }} operator={has ? 'has' : 'eq'} />
  ));
}

interface RelatedProps {
  app: string;
  row: Row;
  name: string;
  field: string;
  operator: string;
}

function Related({ app, row, name, field, operator }: RelatedProps) {
  const declaration = useDeclaration(app);
  const { data } = useQuery({
    queryKey: ['rows', app, name, 'related', field, String(row.id)],
    queryFn: async () => {
      const rows = clientOf(app).rows[name];
      if (!rows) throw new Error(name);
      return unwrap(await rows.list({ filter: { [field]: { [operator]: row.id } }, limit: SHOWN }));
    },
  });
  return (
    <section className="related">
      <h2 className="row">
        <span className="grow">
          {name} <span className="muted">{field}</span>
        </span>
        <Link
          to="/$app/rows/$resource"
          params={{ app, resource: name }}
          search={{ filter: [[field, operator, row.id]] }}
        >
          {t('children.all')}
        </Link>
      </h2>
      <ul>
        {data?.items.map((one) => (
          <li key={one.id}>
            <Link
              to="/$app/rows/$resource"
              params={{ app, resource: name }}
              search={{ filter: [[field, operator, row.id]], open: String(one.id) }}
            >
              {labelOf(declaration, name, one)}
            </Link>
          </li>
        ))}
        {data?.items.length === 0 && <li className="muted">{t('state.none')}</li>}
        {data?.next && <li className="muted">…</li>}
      </ul>
    </section>
  );
}
