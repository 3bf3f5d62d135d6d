import { messagesApp } from '../messages-app.ts';

/** Reads are not counted: to time a plain one. */
export default messagesApp({ countsReads: false });
