import { OPERATION_STATES, type OperationView } from 'trestle/contract';
import { type TSchema, Type } from 'typebox';

const text = Type.String();
const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const instant = Type.String({ format: 'date-time' });

export const Message = Type.Object({ message: text }, { title: 'Confirmation' });

export const PackageId = Type.Object({ id: Type.Integer() });
export const PackagePage = Type.Object({
  skip: Type.Optional(Type.Integer({ minimum: 0, default: 0, description: 'Packages to skip.' })),
  take: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 10_000, default: 25, description: 'Maximum number of packages.' }),
  ),
});

const source = Type.Optional(
  Type.Unsafe<string | null>(
    nullable(
      Type.String({
        description: 'Where it is downloaded from: an http(s) URL, or a file under the allowed folder.',
      }),
    ),
  ),
);
const sha256 = Type.Optional(
  Type.Unsafe<string | null>(nullable(Type.String({ description: 'Its SHA-256, in hex.' }))),
);

export const NewPackage = Type.Object(
  { name: text, version: text, source, sha256 },
  { examples: [{ name: 'A package', version: '1.0' }] },
);
export const ChangedPackage = Type.Object(
  { name: text, version: text, status_id: Type.Integer(), source, sha256 },
  { examples: [{ name: 'A package', version: '1.1', status_id: 1 }] },
);
export const Package = Type.Object(
  { id: Type.Integer(), name: text, version: text, status: text },
  { title: 'PackageWithStatus' },
);

export const NewStatus = Type.Object({ name: text });
export const Status = Type.Object({ id: Type.Integer(), name: text }, { title: 'StatusName' });

export const OperationId = Type.Object({ id: text });
export const OperationQuery = Type.Object({ package_id: Type.Optional(Type.Integer()) });
export const Operation = Type.Object(
  {
    id: text,
    package_id: Type.Integer(),
    kind: Type.Unsafe<string>({ type: 'string', enum: ['download', 'activate'] }),
    state: Type.Unsafe<OperationView['state']>({ type: 'string', enum: [...OPERATION_STATES] }),
    progress: Type.Number({ minimum: 0, maximum: 1 }),
    message: nullable(text),
    error: nullable(text),
    attempts: Type.Integer(),
    created_at: instant,
    started_at: nullable(instant),
    finished_at: nullable(instant),
  },
  { title: 'PackageWork' },
);

/** An operation in the contract's words. */
export function operationOf({
  row,
  operation,
  resource: _resource,
  result: _result,
  ...rest
}: OperationView) {
  const { id, ...progress } = rest;
  return { id, package_id: row, kind: operation, ...progress };
}

/** A parameter in both of its spellings: the document's, and that of the library it names. */
function spellings(name: string, description: string) {
  const parameter = Type.Optional(Type.String({ description }));
  return { [name]: parameter, [name.replaceAll('-', '_')]: parameter };
}

const key = spellings('api-key', 'The key, whole or as /auth/logs shows it.');
export const KeyOf = Type.Object(key);
export const NewKey = Type.Object({
  name: Type.Optional(Type.String({ description: 'What the key is for.' })),
  never_expires: Type.Optional(Type.Boolean({ default: false })),
});
export const Renewal = Type.Object({
  ...key,
  ...spellings('expiration-date', 'ISO 8601 (default: as long from now as a new key lasts).'),
});
export const KeyLogs = Type.Object(
  {
    logs: Type.Array(
      Type.Object({
        api_key: text,
        name: text,
        is_active: Type.Boolean(),
        never_expire: Type.Boolean(),
        expiration_date: nullable(instant),
        latest_query_date: nullable(instant),
        total_queries: Type.Integer(),
      }),
    ),
  },
  { title: 'KeyLogs' },
);

const InvalidItem = Type.Object({
  loc: Type.Array(Type.Union([text, Type.Integer()])),
  msg: text,
  type: text,
});
export const Failure = Type.Object(
  { detail: Type.Union([text, Type.Array(InvalidItem)]) },
  { title: 'Failure' },
);

/** `null`, which the original answers; generators of clients know no schema of null alone. */
export const Nothing = Type.Unsafe<null>({ description: 'Always null.' });
