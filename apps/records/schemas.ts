import { Type } from 'typebox';

export const Username = Type.Object({ username: Type.String() });
export const RecordId = Type.Object({ record_id: Type.Integer() });

export const Failed = Type.Object(
  { status: Type.Literal('failed'), message: Type.String() },
  { title: 'Failure' },
);

export const NewKey = Type.Object(
  {
    status: Type.Literal('success'),
    username: Type.String(),
    api_key: Type.String(),
    created_on: Type.String(),
    message: Type.String(),
  },
  { title: 'GeneratedKey' },
);

export const Record = Type.Object(
  {
    id: Type.Integer(),
    timestamp: Type.Union([Type.Number(), Type.Null()]),
    value1: Type.Union([Type.String(), Type.Null()]),
    value2: Type.Union([Type.Number(), Type.Null()]),
    value3: Type.Union([Type.Boolean(), Type.Null()]),
    lastmodifiedby: Type.Union([Type.String(), Type.Null()]),
  },
  { title: 'ArchivedRecord' },
);

const Done = { status: Type.Literal('success'), message: Type.String() };
export const Success = Type.Object(Done, { title: 'Success' });
/** `record_info` is a record as a JSON text, which the original's clients parse. */
export const WithRecord = Type.Object(
  { ...Done, record_info: Type.String() },
  { title: 'SuccessWithRecord' },
);

/** How much of the list: all of it where nothing is said. */
export const Cut = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
});
