import sys

from calls import make_calls
from messages import AuthenticatedClient, Client
from messages.api.accounts import get_me, sign_up
from messages.api.messages import create_message, delete_message, get_message, list_messages, replace_message, update_message
from messages.api.sessions import sign_in
from messages.models import MessageBody, MessagePatch, Problem, SignInBody, SignUp

FILTERS = {
    'equal': 'filtercontenteq',
    'starts': 'filtercontentstarts',
    'ids': 'filteridin',
    'between': 'filteridbetween',
    'authorless': 'filterauthornull',
    'any': 'filteror',
}


class Calls:
    client = Client(base_url=sys.argv[1])

    def sign_up(self, account):
        return sign_up.sync_detailed(client=self.client, body=SignUp(**account)).status_code

    def sign_in(self, account):
        token = sign_in.sync(client=self.client, body=SignInBody(**account)).access_token
        self.client = AuthenticatedClient(base_url=sys.argv[1], token=token)

    def me(self):
        return get_me.sync(client=self.client).username

    def create(self, content):
        response = create_message.sync_detailed(client=self.client, body=MessageBody(content=content))
        return response.parsed.id, response.headers['etag']

    def read(self, id):
        return content_or_code(get_message.sync(id, client=self.client))

    def list(self, **query):
        page = list_messages.sync(client=self.client, **{FILTERS.get(name, name): query[name] for name in query})
        return [row.id for row in page.items], page.next_

    def update(self, id, etag, content):
        return content_or_code(update_message.sync(id, client=self.client, body=MessagePatch(content=content), if_match=etag))

    def replace(self, id, content):
        return content_or_code(replace_message.sync(id, client=self.client, body=MessageBody(content=content)))

    def remove(self, id):
        return delete_message.sync_detailed(id, client=self.client).status_code


def content_or_code(answer):
    return answer.code.value if isinstance(answer, Problem) else answer.content


make_calls(Calls())
