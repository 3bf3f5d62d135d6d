import { useQuery } from '@tanstack/react-query';
import { type Row, request, viewedAs } from '../../api/api.ts';
import type { DeclaredResource } from '../../api/declaration.ts';
import { useStore } from '../../api/store.ts';
import { t } from '../../i18n/translate.ts';
import { ProblemNotice } from '../../ui/feedback.tsx';

/** A verdict of the rules, with the part of them that decided. */
interface Verdict {
  allowed: boolean;
  because: string;
}

interface PermissionsAnswer {
  read: Verdict;
  update: Verdict;
  delete: Verdict;
  operations: Readonly<Record<string, Verdict>>;
}

interface PermissionsProps {
  app: string;
  resource: DeclaredResource;
  row: Row;
}

/** While an account is viewed: what it may do with a row, and why. */
export function Permissions({ app, resource, row }: PermissionsProps) {
  const viewed = useStore(viewedAs);
  const { data, error } = useQuery({
    queryKey: ['can', app, resource.name, String(row.id), String(viewed?.id)],
    queryFn: () =>
      request<PermissionsAnswer>(
        app,
        'GET',
        `/v1/${resource.name}/${encodeURIComponent(row.id)}:can?account=${encodeURIComponent(viewed?.id ?? '')}`,
      ),
    enabled: viewed?.app === app,
  });
  if (viewed?.app !== app) return null;
  if (error) return <ProblemNotice error={error} />;
  if (!data) return null;
  const { read, update, delete: remove, operations } = data;
  return (
    <section className="stack tight">
      <h2>{t('viewAs.why', { name: viewed.name })}</h2>
      <table className="grid-table">
        <tbody>
          {Object.entries({ read, update, delete: remove, ...operations }).map(([verb, verdict]) => (
            <tr key={verb}>
              <th scope="row">{verb}</th>
              <td>
                <span className={`badge ${verdict.allowed ? 'good' : 'bad'}`}>
                  {t(verdict.allowed ? 'state.yes' : 'state.no')}
                </span>
              </td>
              <td>
                <code>{verdict.because}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
