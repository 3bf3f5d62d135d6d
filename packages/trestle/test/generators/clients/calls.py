"""The twenty calls of calls.ts, by the clients for Python."""
import json


def make_calls(client):
    account = {'username': 'tester', 'password': 'Abcdef1!'}
    same(client.sign_up(account), 201)
    client.sign_in(account)
    same(client.me(), 'tester')
    one, etag = client.create('a, b')
    two, _ = client.create('c & d')
    same(client.read(one), 'a, b')
    same(client.read(999), 'not_found')
    ids = lambda **query: client.list(**query)[0]
    same(ids(sort='-id'), [two, one])
    first, cursor = client.list(sort='id', limit=1)
    same(first, [one])
    same(ids(sort='id', limit=1, cursor=cursor), [two])
    same(ids(equal='a, b'), [one])
    same(ids(starts='c &'), [two])
    same(ids(sort='id', ids=[one, two]), [one, two])
    same(ids(between=[two, two + 9]), [two])
    same(ids(authorless=True), [])
    same(ids(any=json.dumps([{'id': {'eq': two}}, {'content': {'eq': 'e'}}])), [two])
    same(client.update(one, etag, 'x'), 'x')
    same(client.update(one, etag, 'y'), 'precondition_failed')
    same(client.replace(one, 'z'), 'z')
    same(client.remove(one), 204)


def same(found, expected):
    assert found == expected, f'{found} is not {expected}'
