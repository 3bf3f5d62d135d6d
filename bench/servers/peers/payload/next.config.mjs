import { withPayload } from '@payloadcms/next/withPayload';

// Without it, Next takes the repository around this folder for the project.
const root = import.meta.dirname;

export default withPayload({ turbopack: { root }, outputFileTracingRoot: root });
