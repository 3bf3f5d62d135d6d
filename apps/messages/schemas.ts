import { Type } from 'typebox';

const notBlank = Type.String({ minLength: 1, 'x-trim': true });

export const NewUser = Type.Object({ username: Type.String(), password: Type.String() });
export const Credentials = Type.Object({ username: notBlank, password: Type.String({ minLength: 1 }) });

export const User = Type.Object(
  {
    id: Type.Integer(),
    username: Type.String(),
    email: Type.String(),
    first_name: Type.String(),
    last_name: Type.String(),
    is_staff: Type.Boolean(),
  },
  { title: 'User' },
);

export const TokenPair = Type.Object({ refresh: Type.String(), access: Type.String() });
export const RefreshToken = Type.Object({ refresh: notBlank });
export const AccessToken = Type.Object({ access: Type.String() });

export const MessageId = Type.Object({ id: Type.Integer() });

export const MessageBody = Type.Object({ content: Type.String({ minLength: 1, maxLength: 160 }) });

const instant = Type.String({ format: 'date-time' });
export const Message = Type.Object(
  {
    id: Type.Integer(),
    content: Type.String(),
    views: Type.Integer(),
    created_at: instant,
    updated_at: instant,
  },
  { title: 'BoardMessage' },
);

/** The part of the list to answer; all of it by default. */
export const ListPart = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
});

/** A message in words; or, of a body, the errors of each field by its name. */
export const Failure = Type.Unsafe({
  title: 'Failure',
  type: 'object',
  properties: {
    detail: Type.String(),
    error: Type.String(),
    code: Type.String(),
    messages: Type.Array(
      Type.Object({ token_class: Type.String(), token_type: Type.String(), message: Type.String() }),
    ),
    username: Type.Array(Type.String()),
    password: Type.Array(Type.String()),
    refresh: Type.Array(Type.String()),
    content: Type.Array(Type.String()),
    limit: Type.Array(Type.String()),
    offset: Type.Array(Type.String()),
    non_field_errors: Type.Array(Type.String()),
  },
});
