/**
 * The source of an app of `count` resources that refer to one another, with a function that uses every service: what a
 * large declaration costs the compiler.
 */
export function manyResources(count: number): string {
  const resources = Array.from({ length: count }, (_, index) => resourceSource(index));
  const names = Array.from({ length: count }, (_, index) => `r${index}`);
  return `import { ${WORDS.join(', ')} } from 'trestle';
import { anonymous, type ContractContext, type Services } from 'trestle/contract';

${resources.join('\n')}
const resources = { ${names.join(', ')} };
export default app({ name: 'many', resources, contract });

function contract(context: ContractContext<typeof resources>) {
  void use(context.services);
  return { routes: [], errors: () => ({ status: 500, body: null }) };
}

export async function use(services: Services<typeof resources>) {
${names.map(useSource).join('\n')}
}
`;
}

const WORDS = [
  ...['app', 'author', 'boolean', 'createdAt', 'integer', 'integerId', 'list', 'object'],
  ...['oneOf', 'own', 'reference', 'resource', 'signedIn', 'text', 'timestamp', 'updatedAt'],
];

function resourceSource(index: number): string {
  const before = Math.max(0, index - 1);
  return `export const r${index} = resource({
  id: integerId(),
  fields: {
    title: text({ min: 1, max: 200, search: true }),
    body: text({ default: '' }),
    state: oneOf(['draft', 'published', 'v${index}'], { default: 'draft' }),
    stars: integer({ min: 0, max: 5, nullable: true }),
    pinned: boolean({ default: false }),
    due: timestamp({ nullable: true }),
    points: list(object({ title: text(), notes: list(text(), { default: [] }) }), { default: [] }),
    parent: reference('r${before}', { nullable: true, onDelete: 'cascade' }),
    written_by: author(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  order: '-created_at',
  can: { read: signedIn, create: signedIn, update: own('written_by'), delete: own('written_by') },
});
`;
}

function useSource(name: string): string {
  return `  const ${name}Row = await services.${name}.create({ caller: anonymous }, { title: 'a', points: [{ title: 'b' }] });
  await services.${name}.patch({ caller: anonymous }, ${name}Row.id, { state: ${name}Row.state, parent: ${name}Row.parent });
  await services.${name}.list({ caller: anonymous }, { filter: { stars: { gte: 3 } }, sort: ['-created_at'] });`;
}
