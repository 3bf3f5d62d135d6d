import { type TSchema, Type } from 'typebox';

const text = Type.String();
const instant = Type.String({ format: 'date-time' });
const author = Type.Union([Type.String(), Type.Null()], { description: "The user's id, as text." });

const MAX_PAGE_SIZE = 10_000;

function limit(size: number, description: string) {
  return Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_PAGE_SIZE, default: size, description }));
}

/** A member that may be left out or null. */
function optional<S extends TSchema>(schema: S) {
  return Type.Optional(Type.Union([schema, Type.Null()]));
}

function skip(description: string) {
  return Type.Optional(Type.Integer({ minimum: 0, default: 0, description }));
}

export const Credentials = Type.Object({ username: text, password: text });
export const User = Type.Object(
  { user_id: Type.Integer(), username: text, creation_date: instant },
  { title: 'User' },
);
export const AccessToken = Type.Object({ access_token: text, token_type: text }, { title: 'AccessToken' });

export const Id = Type.Object({ id: Type.Integer() });

const updatePage = {
  update_limit: limit(2, 'Maximum number of updates of each project.'),
  update_skip: skip('Updates to skip.'),
};

export const UpdatePage = Type.Object(updatePage);

export const ProjectQuery = Type.Object({
  limit: limit(10, 'Maximum number of projects.'),
  skip: skip('Projects to skip.'),
  search: Type.Optional(Type.String({ maxLength: 200, description: 'A part of the title, in any case.' })),
  date: Type.Optional(Type.String({ description: 'The UTC day of creation, yyyy-mm-dd.' })),
  creator: Type.Optional(Type.Integer({ description: "The creator's user id." })),
  ...updatePage,
});

export const NewProject = Type.Object({ title: text, active: optional(Type.Boolean({ default: true })) });

/** At least one of them. */
export const ProjectChange = Type.Object(
  { title: optional(text), active: optional(Type.Boolean()) },
  { minProperties: 1, description: 'At least one of title and active is given and not null.' },
);

const Point = Type.Object({ title: text, description: optional(Type.Array(text)) });
export const UpdateBody = Type.Object(
  { title: text, project_id: Type.Integer(), relevant_points: optional(Type.Array(Point)) },
  {
    examples: [
      {
        title: 'An update',
        project_id: 1,
        relevant_points: [{ title: 'A point', description: ['A detail'] }],
      },
    ],
  },
);

export const Update = Type.Object(
  {
    id: Type.Integer(),
    title: text,
    creation_date: instant,
    created_by: author,
    relevant_points: Type.Array(Type.Object({ title: text, description: Type.Array(text) })),
  },
  { title: 'PostedUpdate' },
);

export const Project = Type.Object(
  {
    id: Type.Integer(),
    title: text,
    active: Type.Boolean(),
    creation_date: instant,
    created_by: author,
    project_updates: Type.Array(Update),
  },
  { title: 'ProjectWithUpdates' },
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
