import { app } from 'trestle';
import { remind } from './reminders.ts';
import { members, resources } from './resources.ts';
import { routes } from './routes.ts';

export default app({
  name: 'clinic',
  description: 'The appointment book of a small practice.',
  accounts: members,
  resources,
  mail: { from: 'The practice <desk@clinic.example>' },
  jobs: { remind },
  routes,
});
