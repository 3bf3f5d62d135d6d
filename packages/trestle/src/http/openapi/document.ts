import { type TSchema, Type } from 'typebox';
import { PROBLEMS } from '../../problems.ts';
import type { RouteTable } from '../routes/route-table.ts';
import { titled } from '../routes/uniform/route-names.ts';
import { operationOf, tagOf, templateOf } from './operation.ts';
import { Components } from './schemas.ts';
import { securitySchemes, signInOf } from './security.ts';

/** What a document describes. */
export interface Described {
  name: string;
  description: string;
  /** '' alone, `/NAME` with others. */
  base: string;
  tables: readonly RouteTable[];
  /** The shape of the contract's errors. */
  errorShape: TSchema | undefined;
}

/** The errors of the uniform API (RFC 9457). */
const problem = titled(
  'Problem',
  Type.Object({
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.Optional(Type.String()),
    code: Type.Unsafe<string>({ type: 'string', enum: Object.keys(PROBLEMS) }),
    requestId: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String(),
          code: Type.String(),
          message: Type.String(),
          params: Type.Optional(Type.Unsafe<unknown>({ type: 'object' })),
          in: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: ['body', 'query', 'path'] })),
        }),
      ),
    ),
    data: Type.Optional(Type.Unsafe<unknown>({ type: 'object' })),
  }),
);

/** The OpenAPI 3.1 document of an app, made of the very tables its routes were put on the server from. */
export function openApiDocument({
  name,
  description,
  base,
  tables,
  errorShape,
}: Described): Record<string, unknown> {
  const components = new Components();
  const hasSignIn = signInOf(tables) !== undefined;
  const paths: Record<string, Record<string, unknown>> = {};
  for (const table of tables) {
    const shape = table.style === 'uniform' ? problem : errorShape;
    for (const route of table.routes) {
      const path = templateOf(table.prefix + route.path);
      paths[path] ??= {};
      paths[path][route.method.toLowerCase()] = operationOf(route, {
        table,
        components,
        errorShape: shape,
        hasSignIn,
      });
    }
  }
  const names = tables.flatMap((table) => table.routes.map((route) => tagOf(route, table)));
  return {
    openapi: '3.1.1',
    info: { title: name, description, version: '1.0.0' },
    servers: [{ url: base === '' ? '/' : base }],
    tags: [...new Set(names)].map((name) => ({ name })),
    paths,
    components: { schemas: components.schemas, securitySchemes: securitySchemes(tables, base) },
  };
}
