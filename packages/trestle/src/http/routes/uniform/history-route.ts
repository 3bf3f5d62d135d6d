import { type TSchema, Type } from 'typebox';
import type { Model } from '../../../rows/model.ts';
import type { AnyService } from '../../../rows/write.ts';
import type { RowId } from '../../../schema/id.ts';
import { answer, type Route, route } from '../../../schema/routes/route.ts';
import { nobody } from '../../../schema/rules.ts';
import { HISTORY_ACTIONS } from '../../../schema/services/history-entry.ts';
import { linksUnder, PAGE } from './list-query.ts';
import { pageOf } from './page-route.ts';
import { rowName, titled } from './route-names.ts';

/**
 * `GET /v1/RESOURCE/{id}/history`: the changes of a row, newest first, as the caller may see them.
 *
 * @param account the schema of an account's id.
 */
export function historyRoute(model: Model, service: AnyService, account: TSchema): Route {
  const { name, resource } = model;
  const values = Type.Union([Type.Unsafe({ ...model.documented.row, required: [] }), Type.Null()]);
  const entry = Type.Object({
    action: Type.Unsafe<string>({ type: 'string', enum: [...HISTORY_ACTIONS] }),
    at: Type.String({ format: 'date-time' }),
    by: Type.Union([account, Type.Null()]),
    before: values,
    after: values,
  });
  const one = `${rowName(name)}Change`;
  const options = {
    operationId: `historyOf${rowName(name)}`,
    summary: `Changes of one of ${name}`,
    description:
      'Newest first: who, when, and the values before and after. Of an update, the values that changed.',
    tag: name,
    can: resource.can.read ?? nobody,
    params: Type.Object({ id: Type.Unsafe<RowId>(resource.id.schema) }),
    query: Type.Object({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE.max, default: PAGE.default })),
      cursor: Type.Optional(Type.String({ description: '`next` or `prev` of a page of the same row.' })),
    }),
    sends: ['Link'],
    answers: { 200: pageOf(one, titled(one, entry)) },
  };
  return route('GET', `/${name}/:id/history`, options, async (request) => {
    const { limit, cursor } = request.query;
    const query = { ...(limit !== undefined && { limit }), cursor };
    const page = await service.history(request, request.params.id, query);
    return answer(200, page, { link: linksUnder(request.url)(page) });
  });
}
