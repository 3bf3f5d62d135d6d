import type { AfterContext, HookContext, WithinContext } from 'trestle';
import { boolean, integerId, nobody, reference, resource, text } from 'trestle';
import { neverAny, sameType } from './same-type.ts';

const shelves = resource({ id: integerId(), fields: { name: text() } });

/** Hooks know the rows and bodies of their resource. Never run. */
export const notes = resource({
  id: integerId(),
  fields: {
    title: text(),
    shelf: reference('shelves', { nullable: true }),
    seen: boolean({ default: false, can: { create: nobody } }),
  },
  before: {
    create: async (context, { body }) => {
      neverAny<typeof body>(false);
      sameType<typeof context, HookContext>(true);
      sameType<(typeof body)['title'], string>(true);
      const shelf = await context.service(shelves).peek(context, 7);
      // @ts-expect-error a body is not changed in place
      body.title = shelf.name;
      return { ...body, title: shelf.name };
    },
    update: async (_, { row, body }) => {
      sameType<(typeof row)['seen'], boolean>(true);
      sameType<(typeof body)['seen'], boolean | undefined>(true);
      return body.title === row.title ? undefined : { seen: true };
    },
  },
  within: {
    update: async (context, { row, before }) => {
      sameType<typeof context, WithinContext>(true);
      sameType<typeof row, typeof before>(true);
      sameType<(typeof row)['id'], number>(true);
    },
  },
  after: {
    delete: async (context, { row }) => {
      sameType<typeof context, AfterContext>(true);
      sameType<(typeof row)['title'], string>(true);
    },
  },
});

resource({
  fields: { title: text() },
  // @ts-expect-error there is no such verb
  before: { publish: async () => {} },
});
resource({
  fields: { title: text() },
  // @ts-expect-error the fields are a title
  before: { create: async () => ({ titel: 'x' }) },
});
resource({
  fields: { title: text() },
  // @ts-expect-error rows have no titel
  after: { create: async (_, { row }) => console.log(row.titel) },
});
