import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { request } from './api.ts';

/** A JSON Schema, as far as the UI reads one. */
export interface Schema {
  type?: string | readonly string[];
  enum?: readonly unknown[];
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  maxItems?: number;
  items?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  anyOf?: readonly Schema[];
}

/** A declared field, or a member of a value as a field. */
export interface DeclaredField {
  name: string;
  type: string;
  /** The editor that the field's type names. */
  editor: string;
  schema: Schema;
  nullable: boolean;
  required: boolean;
  /** Null where there is none. */
  default: unknown;
  unique: boolean;
  /** Made of other rows as it is read. */
  computed: boolean;
  /** Set by the server alone. */
  server: boolean;
  /** By whoever is signed in. */
  may: { create: boolean; update: boolean };
  operators: readonly string[];
  sortable: boolean;
  /** The resource that it refers to, or is computed from. */
  resource: string | null;
  /** The fate of the row when the one that it refers to is deleted. */
  onDelete: 'cascade' | 'setNull' | 'restrict' | 'remove' | null;
}

/** A transition or an operation. */
export interface Step {
  name: string;
  kind: 'operation' | 'transition';
  /** The field whose value it moves. */
  field: string;
  from: readonly string[];
  to: string;
  can: string;
  may: boolean;
}

export interface DeclaredResource {
  name: string;
  uniform: boolean;
  id: { type: string; schema: Schema };
  /** The field that names a row for people; `id` where only that does. */
  display: string;
  fields: readonly DeclaredField[];
  relations: readonly { name: string; kind: 'one' | 'list' | 'many'; resource: string; by: string | null }[];
  order: readonly string[];
  unique: readonly (readonly string[])[];
  /** Fields that `search` looks into. */
  search: readonly string[];
  live: boolean;
  history: boolean;
  softDelete: boolean;
  may: { read: boolean; create: boolean; update: boolean; delete: boolean };
  steps: readonly Step[];
}

export interface RuleLine {
  resource: string;
  action: string;
  rule: string;
  callers: Readonly<Record<string, 'all' | 'some' | 'none'>>;
}

export interface Declaration {
  name: string;
  description: string;
  engine: { node: string; database: string };
  roles: readonly string[];
  accounts: DeclaredResource & {
    password: { min?: number; max?: number } | null;
    operatorPassword: { min?: number; max?: number };
  };
  resources: readonly DeclaredResource[];
  jobs: readonly {
    name: string;
    every: string | number | null;
    cron: string | null;
    timeZone: string;
    retries: number | null;
  }[];
  rules: readonly RuleLine[];
  scopes: readonly string[];
  migrations: {
    current: boolean;
    pending: readonly { step: string; risk: string }[];
    isDestructive: boolean;
    obstacles: readonly string[];
    applied: readonly { at: string; steps: readonly string[] }[];
  };
}

export function declarationQuery(app: string) {
  return queryOptions({
    queryKey: ['declaration', app],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const declaration = await request<Declaration>(app, 'GET', '/v1/admin/declaration');
      // What the uniform API does not serve has no rows to show.
      return { ...declaration, resources: declaration.resources.filter(({ uniform }) => uniform) };
    },
  });
}

export function useDeclaration(app: string): Declaration {
  return useSuspenseQuery(declarationQuery(app)).data;
}

/** A resource by its name; accounts are one like others. */
export function resourceOf(declaration: Declaration, name: string): DeclaredResource | undefined {
  return name === 'accounts' ? declaration.accounts : declaration.resources.find((one) => one.name === name);
}

/** @throws where the app declares no such resource. */
export function useResource(app: string, name: string): DeclaredResource {
  const found = resourceOf(useDeclaration(app), name);
  if (!found) throw new Error(`There is no resource ${name}.`);
  return found;
}
