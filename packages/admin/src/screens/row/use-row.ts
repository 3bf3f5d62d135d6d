import { useQuery } from '@tanstack/react-query';
import { unwrap } from 'trestle-client';
import { clientOf } from '../../api/api.ts';
import { t } from '../../i18n/translate.ts';
import { rowKey } from './row-form.ts';

/** A row as it is read once for its form: it is read again only when asked, so that a form keeps the version it began with. */
export function useRow(app: string, resource: string, id: string, isDeleted = false) {
  return useQuery({
    queryKey: isDeleted ? ['deleted', ...rowKey(app, resource, id)] : rowKey(app, resource, id),
    queryFn: async ({ signal }) => {
      const rows = clientOf(app).rows[resource];
      if (!rows) throw new Error(resource);
      if (!isDeleted) return unwrap(await rows.get(id, { signal }));
      // A list alone shows what was deleted.
      const query = { deleted: true, filter: { id: { eq: id } }, limit: 1 };
      const [row] = unwrap(await rows.list(query, { signal })).items;
      if (!row) throw new Error(t('row.notDeleted'));
      return row;
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}
