import json
import sys

import messages_java as generated
from calls import make_calls

NAMES = {
    'equal': 'filter_content_eq',
    'starts': 'filter_content_starts',
    'ids': 'filter_id_in',
    'between': 'filter_id_between',
    'authorless': 'filter_author_null',
    'any': 'filter_or',
}
config = generated.Configuration(host=sys.argv[1])
api = generated.ApiClient(config)
messages = generated.MessagesApi(api)


class Calls:
    def sign_up(self, account):
        return generated.AccountsApi(api).sign_up_with_http_info(generated.SignUp(**account)).status_code

    def sign_in(self, account):
        config.access_token = generated.SessionsApi(api).sign_in(generated.SignInBody(**account)).access_token

    def me(self):
        return generated.AccountsApi(api).get_me().username

    def create(self, content):
        answer = messages.create_message_with_http_info(generated.MessageBody(content=content))
        return answer.data.id, answer.headers['etag']

    def read(self, id):
        return content_or_code(lambda: messages.get_message(id))

    def list(self, **query):
        page = messages.list_messages(**{NAMES.get(name, name): query[name] for name in query})
        return [row.id for row in page.items], page.next

    def update(self, id, etag, content):
        body = generated.MessagePatch(content=content)
        return content_or_code(lambda: messages.update_message(id, body, if_match=etag))

    def replace(self, id, content):
        return content_or_code(lambda: messages.replace_message(id, generated.MessageBody(content=content)))

    def remove(self, id):
        return messages.delete_message_with_http_info(id).status_code


def content_or_code(call):
    try:
        return call().content
    except generated.ApiException as error:
        return json.loads(error.body)['code']


make_calls(Calls())
