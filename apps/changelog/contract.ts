import type { ContractContext, Contract } from 'trestle';
import type { resources } from './app.ts';
export function contract({ services }: ContractContext<typeof resources>): Contract {
  const x = services.updates.create({kind:'anonymous'}, { title: 'a', project_id: 1, relevant_points: [{ title: 'a' }] });
  const bad = services.updates.create({kind:'anonymous'}, { title: 'a', project_id: 'x', relevant_points: [{ title: 'a' }], created_by: 3 });
  const y: number = x.then(r => r.relevant_points[0]?.description);
  return { routes: [], errors: () => ({status: 1, body: 1})};
}
