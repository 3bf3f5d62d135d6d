import { type TSchema, Type } from 'typebox';
import { refuseKey } from '../../../accounts/account-rows.ts';
import type { Engine } from '../../../engine.ts';
import { bytes } from '../../../schema/routes/bytes.ts';
import type { Route } from '../../../schema/routes/route.ts';
import type { Resources } from '../../../schema/row-types.ts';
import { administrator } from '../../../schema/rules.ts';
import { documentedQuery, listParameters } from '../uniform/list-parameters.ts';
import { ListQueryCache } from '../uniform/list-query.ts';
import { pageRoute } from '../uniform/page-route.ts';
import { titled } from '../uniform/route-names.ts';
import { adminRoute, tag } from './admin-route.ts';

const text = Type.String();
const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);

const entry = titled(
  'AuditEntry',
  Type.Object({
    id: Type.Integer(),
    at: Type.String({ format: 'date-time' }),
    account: nullable(text),
    username: nullable(text),
    credential: Type.Unsafe({ type: 'string', enum: ['session', 'key', 'secret', 'cli'] }),
    key: nullable(text),
    method: text,
    route: text,
    resource: nullable(text),
    row: nullable(text),
    fields: Type.Array(text),
    status: nullable(Type.Integer()),
    code: nullable(text),
    viewed_as: nullable(text),
    address: nullable(text),
    agent: nullable(text),
    request: nullable(text),
  }),
);

const FORMATS = { csv: 'text/csv', ndjson: 'application/x-ndjson' } as const;

/** Acts of operators, in pages and as files. */
export function auditRoutes<Rs extends Resources>({ audit }: Engine<Rs>): Route[] {
  const list = {
    operationId: 'listAudit',
    summary: 'Acts of operators, newest first',
    description:
      'Every change by an administrator, what operators were refused, and what was viewed as another account. `fields` are the names of the members of the body.',
    tag,
    can: administrator,
    model: audit.model,
    item: entry,
  };
  const lists = new ListQueryCache(audit.model);
  const files = (['csv', 'ndjson'] as const).map((format) => {
    const options = {
      operationId: `exportAudit${format === 'csv' ? 'Csv' : 'Ndjson'}`,
      summary: `Acts of operators as a file (${format.toUpperCase()}), filtered as the list`,
      query: documentedQuery(listParameters(audit.model)),
      checkQuery: false,
      produces: FORMATS[format],
      answers: { 200: text },
    };
    return adminRoute('GET', `/audit.${format}`, options, (request) => {
      const { query } = lists.of(request.url, request.query);
      const content = audit.export(request, query, format);
      const disposition = { 'content-disposition': `attachment; filename="audit.${format}"` };
      return bytes({ content, type: `${FORMATS[format]}; charset=utf-8` }, disposition);
    });
  });
  return [
    pageRoute('/admin/audit', list, (request, query, cursor) => {
      refuseKey(request.caller);
      return audit.list(request, query, cursor);
    }),
    ...files,
  ];
}
