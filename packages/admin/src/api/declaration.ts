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

/** A declared field. */
export interface DeclaredField {
  name: string;
  type: string;
  /** The editor that the field's type names. */
  editor: string;
  schema: Schema;
  nullable: boolean;
  required: boolean;
  default?: unknown;
  unique: boolean;
  index: boolean;
  search: boolean;
  /** The server alone sets it. */
  readOnly: boolean;
  operators: readonly string[];
  /** The resource that it refers to, or whose rows it shows. */
  target?: string;
  onDelete?: string;
  /** Of a `many()`: the field of the other rows that refers to this one. */
  by?: string;
  /** Rows of another resource that stand for its value: `many`, `links`, `count`, `exists`, `sum`. */
  relation?: string;
}

export interface Step {
  name: string;
  /** The field whose value it moves. */
  field: string;
  from: readonly string[];
  to: string;
}

export interface DeclaredResource {
  name: string;
  idType: string;
  fields: readonly DeclaredField[];
  order: readonly string[];
  transitions: readonly Step[];
  operations: readonly Step[];
  live: boolean;
  history: boolean;
  softDelete: boolean;
  /** Whether any field takes part in `search`. */
  search: boolean;
  /** Who may do what: a sentence for each verb. */
  rules: Readonly<Record<string, string>>;
}

export interface Declaration {
  name: string;
  description: string;
  resources: readonly DeclaredResource[];
  roles: readonly string[];
}

export function declarationQuery(app: string) {
  return queryOptions({
    queryKey: ['declaration', app],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => request<Declaration>(app, 'GET', '/v1/admin/declaration'),
  });
}

export function useDeclaration(app: string): Declaration {
  return useSuspenseQuery(declarationQuery(app)).data;
}

/** @throws where the app declares no such resource. */
export function useResource(app: string, name: string): DeclaredResource {
  const { resources } = useDeclaration(app);
  const found = resources.find((resource) => resource.name === name);
  if (!found) throw new Error(`There is no resource ${name}.`);
  return found;
}
