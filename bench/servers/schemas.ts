/** JSON Schemas of the hand-written servers. */
const item = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    content: { type: 'string' },
    views: { type: 'integer' },
    created_at: { type: 'string' },
    updated_at: { type: 'string' },
  },
};

export const body = {
  type: 'object',
  required: ['content'],
  additionalProperties: false,
  properties: { content: { type: 'string', minLength: 1, maxLength: 160 } },
};

const params = { type: 'object', properties: { id: { type: 'integer', minimum: 1 } } };

export const listed = {
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      limit: { type: 'integer', minimum: 1, maximum: 200, default: 30 },
      contains: { type: 'string' },
      views: { type: 'integer' },
      before: { type: 'string' },
    },
  },
};

export const one = { params, response: { 200: item } };
export const changed = { params, body, response: { 200: item } };
export const created = { body, response: { 201: item } };

export interface ById {
  Params: { id: number };
}

export interface WithContent {
  Body: { content: string };
}

export interface Listed {
  Querystring: { limit: number; contains?: string; views?: number; before?: string };
}

export interface SignIn {
  Body: { username: string; password: string };
}
