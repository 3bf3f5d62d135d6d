import { Type } from 'typebox';

const notBlank = Type.String({ minLength: 1, 'x-trim': true });

export const NewUser = Type.Object({ username: Type.String(), password: Type.String() });
export const Credentials = Type.Object({ username: notBlank, password: Type.String({ minLength: 1 }) });

export const User = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  email: Type.String(),
  first_name: Type.String(),
  last_name: Type.String(),
  is_staff: Type.Boolean(),
});

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
  { title: 'Message' },
);

/** The part of the list to answer; all of it by default. */
export const ListPart = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
});
