// Creates the tables, which Payload does by itself in development only, and a user.
import { getPayload } from 'payload';
import config from './payload.config.mjs';

const payload = await getPayload({ config });
const { EMAIL, PASSWORD } = process.env;
await payload.create({ collection: 'users', data: { email: EMAIL, password: PASSWORD } });
process.exit(0);
