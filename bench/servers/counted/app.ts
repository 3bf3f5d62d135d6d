import { messagesApp } from '../messages-app.ts';

/** A read counts a view: what the hand-written servers do. */
export default messagesApp({ countsReads: true });
