import {
  accounts,
  anyText,
  app,
  author,
  boolean,
  createdAt,
  integerId,
  list,
  object,
  reference,
  resource,
  signedIn,
  text,
} from 'trestle';
import { contract } from './contract.ts';

const team = { read: signedIn, create: signedIn, update: signedIn, delete: signedIn };

export const projects = resource({
  id: integerId(),
  fields: {
    title: text({ search: true }),
    active: boolean({ default: true }),
    creation_date: createdAt({ index: true }),
    created_by: author(),
  },
  order: '-creation_date',
  feed: { title: 'title', date: 'creation_date', author: 'created_by' },
  can: team,
});

export const updates = resource({
  id: integerId(),
  fields: {
    title: text(),
    project_id: reference('projects', { onDelete: 'cascade' }),
    relevant_points: list(object({ title: text(), description: list(text(), { default: [] }) }), {
      default: [],
    }),
    creation_date: createdAt(),
    created_by: author(),
  },
  order: '-creation_date',
  feed: { title: 'title', date: 'creation_date', author: 'created_by' },
  can: team,
});

export const resources = { projects, updates };

/** Letters of any script with their marks, and digits. */
const ALPHANUMERIC = /^(?:[\p{L}\p{N}]\p{M}*)+$/u;

export default app({
  name: 'changelog',
  description: 'Projects and the updates posted to them, for stakeholders and teams to follow.',
  accounts: accounts({
    id: integerId(),
    username: { min: 1, max: 256, patterns: [ALPHANUMERIC] },
    password: anyText,
    tokens: { access: '45m', refresh: false },
  }),
  resources,
  contract,
});
