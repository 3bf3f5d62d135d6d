import { isDeepStrictEqual } from 'node:util';
import type { TSchema } from 'typebox';
import { isRecord } from '../requests/input.ts';

/** The schemas of a document that have names, each once. */
export class Components {
  readonly schemas: Record<string, unknown> = {};

  /** A schema as JSON; what has a `title` becomes a component that is referred to. */
  refer(schema: TSchema): unknown {
    return this.#json(schema);
  }

  #json(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map((item) => this.#json(item));
    if (!isRecord(schema)) return schema;
    const { title, ...rest } = schema;
    if (typeof title !== 'string') return this.#members(rest);
    return { $ref: `#/components/schemas/${this.#nameOf(title, this.#members(rest))}` };
  }

  /** The component of a schema. Two that differ under one title, a contract's and the uniform API's, stand side by side. */
  #nameOf(title: string, members: Record<string, unknown>): string {
    for (let at = 1; ; at += 1) {
      const name = at === 1 ? title : `${title}${at}`;
      const known = this.schemas[name];
      if (known !== undefined && !isDeepStrictEqual(known, members)) continue;
      this.schemas[name] = members;
      return name;
    }
  }

  #members(schema: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(schema).map(([key, value]) => {
        // Under `properties` the keys are names of members, of which one may be called `title`.
        if (key === 'properties' && isRecord(value))
          return [
            key,
            Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.#json(each)])),
          ];
        const isSchema = key === 'items' || key === 'anyOf' || key === 'additionalProperties';
        return [key, isSchema ? this.#json(value) : value];
      }),
    );
  }
}
