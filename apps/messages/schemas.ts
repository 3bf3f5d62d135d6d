import { Type } from 'typebox';

export const Credentials = Type.Object({ username: Type.String(), password: Type.String() });

export const User = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  email: Type.String(),
  first_name: Type.String(),
  last_name: Type.String(),
  is_staff: Type.Boolean(),
});

export const TokenPair = Type.Object({ refresh: Type.String(), access: Type.String() });
export const RefreshToken = Type.Object({ refresh: Type.String() });
export const AccessToken = Type.Object({ access: Type.String() });

export const MessageId = Type.Object({ id: Type.Integer() });

/** How much of the list: all of it where nothing is said. */
export const Cut = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
});
