/** Ids are etcd's: the expected numbers were read from a running etcd 3.4.23 with these flags. */

import { expect, test } from '@jest/globals'
import { clusterId, memberId } from './identity.js'

test('a member and its cluster get the ids that etcd gives them', () => {
  const id = memberId(['http://127.0.0.1:42380'], 'tok')
  expect(id).toBe(3517084396909456240n)
  expect(clusterId([id])).toBe(5414723697397369249n)
})

test('the order of URLs and of members does not matter', () => {
  expect(memberId(['http://b:1', 'http://a:1'], 't')).toBe(
    memberId(['http://a:1', 'http://b:1'], 't'),
  )
  expect(clusterId([1n, 2n])).toBe(clusterId([2n, 1n]))
})

test('the token and the time of joining tell members with the same URLs apart', () => {
  const urls = ['http://a:1']
  const ids = [
    memberId(urls, 't'),
    memberId(urls, 'u'),
    memberId(urls, 't', 1),
    memberId(urls, 't', 2),
  ]
  expect(new Set(ids).size).toBe(4)
})
