import {
  accounts,
  anyone,
  anyUsername,
  app,
  boolean,
  createdAt,
  editor,
  integerId,
  number,
  resource,
  signedIn,
  text,
  updatedAt,
} from 'trestle';
import { contract } from './contract.ts';

export const records = resource({
  id: integerId(),
  fields: {
    timestamp: number({ nullable: true }),
    value1: text({ max: 255, nullable: true, search: true }),
    value2: number({ nullable: true }),
    value3: boolean({ nullable: true }),
    lastmodifiedby: editor(),
    creationdate: createdAt(),
    lastmodificationdate: updatedAt(),
  },
  order: 'id',
  atLeastOne: ['timestamp', 'value1', 'value2', 'value3'],
  can: { read: anyone, create: signedIn, update: signedIn, delete: signedIn },
});

export const resources = { records };

export default app({
  name: 'records',
  description: 'Records of up to four values, written with an API key and readable by all.',
  accounts: accounts({
    id: integerId(),
    username: anyUsername,
    password: false,
    keys: { lifetime: 'never', longest: 'never' },
  }),
  resources,
  contract,
});
