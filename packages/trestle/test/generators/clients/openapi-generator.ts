import { isAxiosError } from 'axios';
import { makeCalls } from './calls.js';
import { AccountsApi, Configuration, MessagesApi, SessionsApi } from './messages/axios/index.js';

const basePath = process.argv[2] ?? '';
let configuration = new Configuration({ basePath });
let messages = new MessagesApi(configuration);

/** The content of a row, or the code of the problem with which axios rejects. */
const contentOrCode = (answer: Promise<{ data: { content?: string } }>): Promise<string | undefined> =>
  answer.then(
    ({ data }) => data.content,
    (error) => (isAxiosError(error) ? error.response?.data.code : String(error)),
  );

await makeCalls({
  signUp: async (signUp) => (await new AccountsApi(configuration).signUp({ signUp })).status,
  signIn: async (signInBody) => {
    const { data } = await new SessionsApi(configuration).signIn({ signInBody });
    configuration = new Configuration({ basePath, accessToken: data.access_token });
    messages = new MessagesApi(configuration);
  },
  me: async () => (await new AccountsApi(configuration).getMe()).data.username,
  create: async (content) => {
    const { data, headers } = await messages.createMessage({ messageBody: { content } });
    return { id: data.id, etag: String(headers.etag) };
  },
  read: (id) => contentOrCode(messages.getMessage({ id })),
  list: async ({ sort, limit, cursor, equal, starts, ids, between, authorless, or }) => {
    const { data } = await messages.listMessages({
      sort,
      limit,
      cursor,
      filterContentEq: equal,
      filterContentStarts: starts,
      filterIdIn: ids,
      filterIdBetween: between,
      filterAuthorNull: authorless,
      filterOr: or,
    });
    return { ids: data.items.map((row) => row.id), next: data.next };
  },
  update: (id, ifMatch, content) =>
    contentOrCode(messages.updateMessage({ id, ifMatch, messagePatch: { content } })),
  replace: (id, content) => contentOrCode(messages.replaceMessage({ id, messageBody: { content } })),
  remove: async (id) => (await messages.deleteMessage({ id })).status,
});
